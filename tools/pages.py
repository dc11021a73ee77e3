"""Write docs/causes/: a page a cause and their list. `--check` exits 1 where one is out of date."""

from __future__ import annotations

import sys
from pathlib import Path

from convalesce.causes import all_causes
from convalesce.report.guide import guide, index

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "causes"


def pages() -> dict[Path, str]:
    """Text of every page by its path."""
    causes = all_causes().values()
    return {OUT / "README.md": index(causes)} | {OUT / f"{c.id}.md": guide(c) for c in causes}


def main(check: bool) -> int:  # noqa: FBT001 - the one switch of the command
    """Write what differs, or only name it."""
    wanted = pages()
    stale = [p for p, text in wanted.items() if not p.exists() or p.read_text("utf-8") != text]
    gone = [p for p in OUT.glob("*.md") if p not in wanted]
    for path in stale + gone:
        print(f"{'out of date' if check else 'written'}: {path.relative_to(ROOT)}")
    if check:
        if stale or gone:
            print("run: python tools/pages.py")
        return 1 if stale or gone else 0
    OUT.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
    for path in gone:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
