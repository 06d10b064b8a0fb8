/** The file,
 * in two lines. */
// Headers as only fbthrift has them.
// apache refuses: it has none of this
// thriftpy2 refuses: it has none of this
@thrift.AllowLegacyMissingUris
package;

include "shared.thrift" as common
hs_include "shared.hs"
namespace cpp2 "a.b"
namespace py3 ""
namespace hack 'facebook.thrift' (php = "no")

struct Placed { 1: common.Point point = {"x": 1, "y": 2} }
struct Words { 1: i32 package, 2: i32 hs_include, 3: i32 as }
