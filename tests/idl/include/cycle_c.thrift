include "../bad/cycle_a.thrift"
