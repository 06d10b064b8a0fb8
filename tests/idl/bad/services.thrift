service A extends Missing {}
service B extends NotOne {}
struct NotOne {}
service C extends D {}
service D extends E {}
service E extends C {}
service F extends F {}
service G extends Misssing {}
service Missing_ {}
