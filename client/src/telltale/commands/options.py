"""Options that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

Site = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="The site, if not the one of login.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output; errors as JSON too.")]
Kind = Annotated[
    str | None,
    typer.Option("--artifact-kind", metavar="KIND", help="model, system or dataset; else whichever there is."),
]
