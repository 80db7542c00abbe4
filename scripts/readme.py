"""Parts of Markdown files that are made by scripts, between two marks."""


def update(path, part, lines, check):
    """Puts `lines` between the marks of `part` in the file, or with `check` only compares them.

    Gives whether the file is current (again), and says so where it is not.
    """
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    text = path.read_text()
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        print(f"{path.name}: there must be one {begin} and one {end} after it")
        return False
    head, rest = text.split(begin)
    tail = rest.split(end)[1]
    wanted = "\n".join([head + begin, *lines, end + tail])
    if wanted == text:
        return True
    if check:
        print(f"{path.name}: the part \"{part}\" is not current: make readme")
        return False
    path.write_text(wanted)
    print(f"{path.name}: the part \"{part}\" was written")
    return True
