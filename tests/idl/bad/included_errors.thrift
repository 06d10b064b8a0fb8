include "broken.thrift"
struct A { 1: broken.Thing thing }
