const string A = "bad \q escape"
const string B = "good \\ escape"
const string C = 'bad \x41 escape'
const string D = "no end
const string E = 'fine'
