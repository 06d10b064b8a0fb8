include "broken.thrift"
struct A { 1: broken.Thing thing }
// apache accepts: it does not look for the types of fields when it writes JSON
