"""An archive that is sent while it is made: never held in memory, and the same whenever it is made of the same."""

from collections.abc import Iterable, Iterator
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same files give the same archive, whenever it is fetched
AT_ONCE = 64 * 1024  # bytes


def archived(files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """Names with their content, which is read as it is sent."""
    tray = _Tray()
    with ZipFile(tray, "w") as archive:  # type: ignore[call-overload] # it asks for more than it uses
        for name, parts in files:
            place = ZipInfo(name, ZIP_EPOCH)
            place.compress_type = ZIP_DEFLATED
            with archive.open(place, "w", force_zip64=False) as file:
                for part in parts:
                    file.write(part)
                    if tray.size >= AT_ONCE:
                        yield tray.taken()
    yield tray.taken()


class _Tray:
    """What ``ZipFile`` writes to, emptied after each file. It cannot be wound back, which ``ZipFile`` notices."""

    def __init__(self) -> None:
        self.held: list[bytes] = []
        self.size = 0

    def write(self, some: bytes) -> int:
        self.held.append(bytes(some))
        self.size += len(some)
        return len(some)

    def flush(self) -> None:
        """Nothing waits elsewhere."""

    def taken(self) -> bytes:
        some, self.held, self.size = b"".join(self.held), [], 0
        return some
