/**
 * pip installs what a build needs by another pip, and gives that one its indexes as arguments, logins and all, where everybody on the
 * machine can read them. These lines run in pip's process before pip does, and move them into the variables that mean the same.
 *
 * By `subprocess`, which every pip starts the other one with: its own functions for that have had another name and place in almost every
 * year. Where the arguments should once look otherwise, nothing is moved, and nothing fails.
 */

/** Defines nothing that stays but the change itself. */
export const HIDE_LOGINS = `
def hide_logins():
    import os, subprocess
    variables = {
        "-i": "PIP_INDEX_URL",
        "--index-url": "PIP_INDEX_URL",
        "--extra-index-url": "PIP_EXTRA_INDEX_URL",
        "--find-links": "PIP_FIND_LINKS",
    }
    def is_secret(value):
        return "@" in value.partition("://")[2].partition("/")[0]
    def hide(args):
        end = args.index("--") if "--" in args else len(args)
        places = {}
        place = 0
        while place < end - 1:
            if args[place] in variables:
                places.setdefault(args[place], []).append(place)
                place += 1
            place += 1
        moved, left_out = {}, set()
        for option, found in places.items():
            values = [args[each + 1] for each in found]
            # Several stand in one variable with blanks between.
            if any(map(is_secret, values)) and not any(set(value) & set(" \\t\\n") for value in values):
                moved[variables[option]] = " ".join(values)
                left_out.update(each + next for each in found for next in (0, 1))
        return [word for place, word in enumerate(args) if place not in left_out], moved
    start = subprocess.Popen.__init__
    def start_hiding(self, args, *rest, **options):
        if isinstance(args, (list, tuple)) and not rest and all(isinstance(word, str) for word in args):
            kept, moved = hide(args)
            if moved:
                args = kept
                options["env"] = dict(os.environ if options.get("env") is None else options["env"], **moved)
        start(self, args, *rest, **options)
    subprocess.Popen.__init__ = start_hiding
hide_logins()
del hide_logins
`
