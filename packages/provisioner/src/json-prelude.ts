/**
 * For the small scripts that tell us something: `dump(value)` writes what `json.dumps` would, of dicts, lists, tuples, texts, booleans and
 * None. Importing `json` itself takes as long as Python takes to start, most of it for regular expressions.
 */
export const JSON_PRELUDE = `
try:
    from _json import encode_basestring_ascii as quote
except ImportError:
    from json import dumps as quote
def dump(value):
    if isinstance(value, dict):
        return "{%s}" % ",".join([quote(key) + ":" + dump(each) for key, each in value.items()])
    if isinstance(value, (list, tuple)):
        return "[%s]" % ",".join([dump(each) for each in value])
    return quote(value) if isinstance(value, str) else {None: "null", True: "true", False: "false"}[value]
`
