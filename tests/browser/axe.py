"""What axe-core finds wrong with a page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCRIPT = Axe().axe_script
# Only what is wrong crosses over from the page, which is far less than all that axe has looked at.
RUN = """async (options) => {
  const found = await axe.run({resultTypes: ["violations"], ...options});
  return found.violations.map(({id, nodes}) => [id, nodes.map(({target, failureSummary}) => [target, failureSummary])]);
}"""


def faults(page: Page, **options: object) -> list[str]:
    """A line for each element that breaks a rule; ``options`` are axe's own."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT)
    found = page.evaluate(RUN, options)
    return [f"{rule}: {target} {summary}" for rule, nodes in found for target, summary in nodes]
