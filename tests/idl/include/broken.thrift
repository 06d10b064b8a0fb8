struct Thing { 1: Unknown a }
