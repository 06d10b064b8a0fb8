include "types.thrift"

exception NotFound { 1: string message = "not found", 2: types.Id id }
exception Empty {}
exception Refused { 1: required string message, 2: map<string, types.Grade> why, 3: i32 args, 4: string from }
