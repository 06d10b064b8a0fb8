// The value of an included file's enum without the name of the file.
// apache refuses: it takes enum values by their qualified names only
// thriftpy2 refuses: it takes enum values by their qualified names only
include "shared.thrift"

const shared.Status BARE = BAD
const shared.Status QUALIFIED = Status.BAD
