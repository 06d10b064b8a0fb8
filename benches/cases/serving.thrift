struct Person {
    1: i32 id
    2: string name
    3: string email
    4: list<string> tags
}

service Serving {
    i32 add(1: i32 a, 2: i32 b)
    list<Person> echo(1: list<Person> people)
}
