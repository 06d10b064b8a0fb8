include "left/same.thrift"
include "right/same.thrift"
struct Both { 1: same.Left left, 2: same.Right right }
// thriftpy2 refuses: it takes two files of one name for one
