// Apache's compiler takes empty brackets of either kind for any container.
// thriftpy2 refuses: only a set may be empty in braces
// apache differs at constants.LIST.value: it writes the brackets as they are
// apache differs at constants.MAP.value: it writes the brackets as they are
// apache differs at structs.A.fields.a.default: it writes the brackets as they are
const list<i32> LIST = {}
const map<i32, string> MAP = []
struct A { 1: list<list<i32>> a = [{}, []] }
