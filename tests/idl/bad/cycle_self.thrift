include "cycle_self.thrift"
