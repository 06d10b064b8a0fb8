// Services that extend others, of this file and of an include.
include "shared.thrift"

service Base { void ping(), i32 add(1: i32 a, 2: i32 b) }
service Middle extends Base { string name() }
service Derived extends Middle { oneway void note(1: string text) }
service OfInclude extends shared.Base { void own() }
