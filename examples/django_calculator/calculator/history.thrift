include "../../calculator.thrift"

namespace py calculator_history

struct Calculation {
    1: string expression,
    2: double result
}

/** The calculator of the Flask example, with a memory. */
service HistoryCalculator extends calculator.Calculator {
    /** Stores a calculation and returns the latest ones, newest first. */
    list<Calculation> record(1: Calculation calculation)
}
