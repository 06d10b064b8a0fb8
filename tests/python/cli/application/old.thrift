include "legacy/types.thrift"
struct Record { 1: types.Moment at, 2: list<types.Level> levels }
