include "common/types.thrift"
include "common/errors.thrift"

/** What every service of ours has. */
service Service {
  /** Whether it is there. */
  string ping()
  types.Moment started() throws (1: errors.Empty empty)
}
service Versioned extends Service { i32 version(1: optional string of = "all") }
