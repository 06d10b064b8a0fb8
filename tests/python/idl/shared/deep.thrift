struct Reason { 1: string text }
