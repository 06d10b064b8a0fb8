// The same name for two kinds of definition: the last one counts.
struct Thing { 1: i32 a }
struct Before { 1: Thing thing }
union Thing { 1: i32 b }
struct After { 1: Thing thing }
typedef i32 Thing
struct Last { 1: Thing thing }
typedef i64 Number
typedef i32 Number
// apache refuses: a name has one definition
