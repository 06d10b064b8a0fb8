struct A { 1: i32 a }
include "shared.thrift"
package "example.com/late"
