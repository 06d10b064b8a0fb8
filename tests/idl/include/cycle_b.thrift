include "../include/cycle_c.thrift"
