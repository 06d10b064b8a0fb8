// Typedefs of typedefs, of containers of typedefs, and as everything.
// thriftpy2 differs at Line: it leaves placeholders for what is defined later
// thriftpy2 differs at Row: it leaves placeholders for what is defined later
// thriftpy2 differs at S: it leaves placeholders for what is defined later
// thriftpy2 differs at meta: it leaves placeholders for what is defined later
typedef i32 Number
typedef Number Count
typedef list<Count> Counts
typedef map<string, Counts> Table
typedef set<Table> Tables
typedef Row Line
struct Row { 1: Count count, 2: Counts counts, 3: Table table, 4: Tables tables, 5: Count five = 5, 6: Counts many = [1, 2] }
const Count THREE = 3
const Counts FOUR = [4]
const Line LINE = {"count": 1}
service S { Table get(1: Counts counts, 2: Line line) }
