//! The source of this crate as its modules and the paths that they name.
//!
//! Source is read as tokens and not as a syntax tree, since the bodies of
//! macros are tokens in either; comments and strings are none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The names from the root of the crate to a module or to something in it.
pub type Names = Vec<String>;

/// One file of the crate.
pub struct Source {
    /// As `src/wire/reader.rs`.
    pub path: String,
    /// As `wire`, `reader`; none for `lib.rs`.
    pub module: Names,
    pub tokens: TokenStream,
}

/// A path that is written somewhere.
#[derive(Clone, Debug)]
pub struct Mention {
    pub path: String,
    pub line: usize,
    /// The module that it is written in, which may be one within a file.
    pub module: Names,
    pub named: Named,
    /// The names that a `use` makes of it; `*` for all that it holds.
    pub binding: Option<String>,
}

/// What a path starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// The root of this crate.
    Here(Names),
    /// A name that is not of this crate: of another, or of a type.
    Elsewhere(Names),
}

impl fmt::Display for Mention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, names) = match &self.named {
            Named::Here(names) => ("crate::", names),
            Named::Elsewhere(names) => ("", names),
        };
        write!(
            f,
            "{}:{}: {start}{}",
            self.path,
            self.line,
            names.join("::")
        )
    }
}

/// The files below a directory of the repository that end in `extension`.
pub fn files(directory: &str, extension: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut directories: Vec<PathBuf> = vec![root.join(directory)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("a directory of the repository") {
            let path = entry.expect("an entry of a directory").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                // What is built or fetched is not ours.
                if !name.starts_with('.') && name != "target" && name != "corpus" {
                    directories.push(path);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                let text = fs::read_to_string(&path).expect("a source file");
                let below = path.strip_prefix(root).expect("a path below the root");
                found.push((below.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
    found.sort();
    found
}

/// All of the crate, or what a test says instead of it.
pub struct House {
    pub sources: Vec<Source>,
    pub mentions: Vec<Mention>,
    /// Each module, those within files too, and the file that it is in.
    modules: BTreeMap<Names, String>,
    /// What `use` makes of names, by module.
    bindings: BTreeMap<Names, BTreeMap<String, Names>>,
    globs: BTreeMap<Names, Vec<Names>>,
    /// The identifiers of a file that are not part of a `use`.
    used: BTreeMap<String, BTreeSet<String>>,
    /// Ways around these rules: files and macros
    /// that are known without being named.
    pub detours: Vec<String>,
}

impl House {
    /// The crate as it is.
    pub fn of_this_crate() -> Self {
        Self::new(files("src", "rs"))
    }

    /// A crate of these paths and texts.
    pub fn new(files: Vec<(String, String)>) -> Self {
        let sources: Vec<Source> = files
            .into_iter()
            .map(|(path, text)| Source {
                module: module_of(&path),
                tokens: text
                    .parse()
                    .unwrap_or_else(|error| panic!("{path} is not Rust: {error}")),
                path,
            })
            .collect();
        let mut house = Self {
            sources: Vec::new(),
            mentions: Vec::new(),
            modules: sources
                .iter()
                .map(|source| (source.module.clone(), source.path.clone()))
                .collect(),
            bindings: BTreeMap::new(),
            globs: BTreeMap::new(),
            used: BTreeMap::new(),
            detours: Vec::new(),
        };
        let mut written = Vec::new();
        for source in &sources {
            let mut reader = Reader {
                path: &source.path,
                written: Vec::new(),
                modules: Vec::new(),
                used: BTreeSet::new(),
                detours: Vec::new(),
            };
            reader.read(source.tokens.clone(), &source.module);
            written.append(&mut reader.written);
            for module in reader.modules {
                house.modules.insert(module, source.path.clone());
            }
            house.used.insert(source.path.clone(), reader.used);
            house.detours.append(&mut reader.detours);
        }
        // Names are looked up once all that `use` has made is known.
        for mention in &written {
            let Some(binding) = &mention.binding else {
                continue;
            };
            if let Named::Here(names) = house.place(&mention.module, mention.names(), true) {
                if binding == "*" {
                    let globs = house.globs.entry(mention.module.clone()).or_default();
                    globs.push(names);
                } else {
                    let bindings = house.bindings.entry(mention.module.clone()).or_default();
                    bindings.insert(binding.clone(), names);
                }
            }
        }
        house.mentions = written
            .into_iter()
            .map(|mention| Mention {
                named: house.place(&mention.module, mention.names(), mention.binding.is_some()),
                ..mention
            })
            .collect();
        house.sources = sources;
        house
    }

    /// Where a path that is written in a module starts, and what it names.
    fn place(&self, module: &[String], written: &[String], in_use: bool) -> Named {
        let mut names: Names = match written[0].as_str() {
            "crate" => Vec::new(),
            "self" | "super" => module.to_vec(),
            first => {
                let mut inner = module.to_vec();
                inner.push(first.to_owned());
                if self.modules.contains_key(&inner) {
                    inner
                } else if let Some(bound) = self
                    .bindings
                    .get(module)
                    .and_then(|bindings| bindings.get(first))
                    .filter(|_| !in_use)
                {
                    bound.clone()
                } else {
                    return Named::Elsewhere(written.to_vec());
                }
            }
        };
        for (index, name) in written.iter().enumerate() {
            match name.as_str() {
                "super" => drop(names.pop()),
                "self" => {}
                _ if index == 0 => {}
                name => names.push(name.to_owned()),
            }
        }
        Named::Here(names)
    }

    /// The file that defines what a path names: what modules re-export is
    /// followed to where it stands.
    fn file_of(&self, names: &[String]) -> Option<&str> {
        self.follow(names, 0)
    }

    fn follow(&self, names: &[String], steps: usize) -> Option<&str> {
        // A re-export of itself leads nowhere.
        if steps > 16 {
            return None;
        }
        let mut length = names.len();
        while !self.modules.contains_key(&names[..length]) {
            length -= 1;
        }
        let module = &names[..length];
        if let Some(name) = names.get(length) {
            let bound = self.bindings.get(module).and_then(|all| all.get(name));
            if let Some(bound) = bound {
                let mut onward = bound.clone();
                onward.extend_from_slice(&names[length + 1..]);
                return self.follow(&onward, steps + 1);
            }
        }
        self.modules.get(module).map(String::as_str)
    }

    /// Which file needs which. What a module re-exports for others is not
    /// needed by it.
    pub fn arrows(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for mention in &self.mentions {
            let Named::Here(names) = &mention.named else {
                continue;
            };
            let from = mention.path.as_str();
            if let Some(binding) = &mention.binding
                && !self.used[from].contains(binding)
            {
                continue;
            }
            if let Some(to) = self.file_of(names)
                && to != from
            {
                arrows.entry(from).or_default().insert(to);
            }
        }
        arrows
    }

    /// The circles of files: all that can be reached from each other.
    pub fn circles(&self) -> BTreeSet<Vec<&str>> {
        let arrows = self.arrows();
        let reached: BTreeMap<&str, BTreeSet<&str>> = arrows
            .keys()
            .map(|&start| {
                let mut reached = BTreeSet::new();
                let mut open = vec![start];
                while let Some(file) = open.pop() {
                    for &next in arrows.get(file).into_iter().flatten() {
                        if reached.insert(next) {
                            open.push(next);
                        }
                    }
                }
                (start, reached)
            })
            .collect();
        reached
            .iter()
            .filter(|(start, reached)| reached.contains(*start))
            .map(|(start, to)| {
                to.iter()
                    .copied()
                    .filter(|file| reached.get(file).is_some_and(|back| back.contains(start)))
                    .collect()
            })
            .collect()
    }
}

impl Mention {
    /// The names as they are written, before they are looked up.
    fn names(&self) -> &[String] {
        match &self.named {
            Named::Here(names) | Named::Elsewhere(names) => names,
        }
    }
}

/// `wire`, `reader` for `src/wire/reader.rs`.
fn module_of(path: &str) -> Names {
    let path = path.strip_prefix("src/").unwrap_or(path);
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let mut names: Names = path.split('/').map(str::to_owned).collect();
    if names.last().is_some_and(|name| name == "mod") || names == ["lib"] {
        names.pop();
    }
    names
}

/// Collects what a file names.
struct Reader<'a> {
    path: &'a str,
    written: Vec<Mention>,
    modules: Vec<Names>,
    used: BTreeSet<String>,
    detours: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self, tokens: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at += self.step(&tokens[at..], module);
        }
    }

    /// Reads what stands first; how many tokens that is.
    fn step(&mut self, tokens: &[TokenTree], module: &[String]) -> usize {
        let word = word(tokens.first());
        match (word.as_deref(), tokens.get(1)) {
            (Some("mod"), Some(TokenTree::Ident(name))) => {
                if let Some(TokenTree::Group(body)) = tokens.get(2) {
                    let mut inner = module.to_vec();
                    inner.push(plain(&name.to_string()));
                    self.modules.push(inner.clone());
                    self.read(body.stream(), &inner);
                }
                3
            }
            // Who may see something is not a use of it.
            (Some("pub"), Some(TokenTree::Group(to))) if is_visibility(&to.stream()) => 2,
            (Some("use"), Some(next)) if !is_punct(next, '<') => {
                let end = tokens
                    .iter()
                    .position(|token| is_punct(token, ';'))
                    .unwrap_or(tokens.len());
                self.tree(&tokens[1..end], &[], module);
                end + 1
            }
            (Some("extern"), Some(TokenTree::Ident(next))) if *next == "crate" => {
                self.detour(tokens, "extern crate");
                2
            }
            (Some("include"), Some(next)) if is_punct(next, '!') => {
                self.detour(tokens, "include!");
                2
            }
            (Some(what @ ("macro_export" | "macro_use")), _) => {
                self.detour(tokens, what);
                1
            }
            (Some("path"), Some(next))
                if is_punct(next, '=') && matches!(tokens.get(2), Some(TokenTree::Literal(_))) =>
            {
                self.detour(tokens, "#[path]");
                3
            }
            (Some(_), _) => self.path(tokens, module),
            (None, _) => {
                if let Some(TokenTree::Group(group)) = tokens.first() {
                    self.read(group.stream(), module);
                }
                // What follows `.` is a field or a method, and not the start
                // of a path; what follows `::` alone is of a type.
                let after_dot = tokens.first().is_some_and(|token| is_punct(token, '.'));
                match tokens.get(1) {
                    Some(TokenTree::Ident(name)) if after_dot => {
                        self.used.insert(plain(&name.to_string()));
                        2
                    }
                    _ => 1,
                }
            }
        }
    }

    /// Reads a path outside of `use`.
    fn path(&mut self, tokens: &[TokenTree], module: &[String]) -> usize {
        let mut names = Vec::new();
        let mut at = 0;
        while let Some(name) = word(tokens.get(at)) {
            names.push(name);
            at += 1;
            if word(tokens.get(at + 2)).is_none() || !is_double_colon(&tokens[at..]) {
                break;
            }
            at += 2;
        }
        self.used.insert(names[0].clone());
        if names.len() > 1 {
            self.mention(&tokens[0], names, module, None);
        }
        at
    }

    /// Reads what follows `use`, or a part of its braces.
    fn tree(&mut self, tokens: &[TokenTree], before: &[String], module: &[String]) {
        let mut names = before.to_vec();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(name) if *name == "as" => {
                    let binding = word(tokens.get(at + 1)).unwrap_or_default();
                    self.mention(&tokens[0], names, module, Some(binding));
                    return;
                }
                TokenTree::Ident(name) => names.push(plain(&name.to_string())),
                TokenTree::Punct(star) if star.as_char() == '*' => {
                    self.mention(&tokens[0], names, module, Some("*".to_owned()));
                    return;
                }
                TokenTree::Group(braces) if braces.delimiter() == Delimiter::Brace => {
                    let inner: Vec<TokenTree> = braces.stream().into_iter().collect();
                    for part in inner.split(|token| is_punct(token, ',')) {
                        if !part.is_empty() {
                            self.tree(part, &names, module);
                        }
                    }
                    return;
                }
                _ => {}
            }
            at += 1;
        }
        let own = names.len() > 1 && names.last().is_some_and(|name| name == "self");
        if own {
            names.pop();
        }
        let binding = names.last().cloned();
        if let Some(first) = tokens.first()
            && !names.is_empty()
        {
            self.mention(first, names, module, binding);
        }
    }

    fn mention(
        &mut self,
        token: &TokenTree,
        names: Names,
        module: &[String],
        binding: Option<String>,
    ) {
        self.written.push(Mention {
            path: self.path.to_owned(),
            line: token.span().start().line,
            module: module.to_vec(),
            named: Named::Elsewhere(names),
            binding,
        });
    }

    fn detour(&mut self, tokens: &[TokenTree], what: &str) {
        let line = tokens[0].span().start().line;
        self.detours.push(format!("{}:{line}: {what}", self.path));
    }
}

/// The places of a word, wherever it stands in the source.
pub fn places_of(sources: &[Source], wanted: &str) -> Vec<(String, usize)> {
    fn collect(tokens: TokenStream, wanted: &str, lines: &mut Vec<usize>) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => collect(group.stream(), wanted, lines),
                TokenTree::Ident(name) if plain(&name.to_string()) == wanted => {
                    lines.push(name.span().start().line);
                }
                _ => {}
            }
        }
    }
    let mut places = Vec::new();
    for source in sources {
        let mut lines = Vec::new();
        collect(source.tokens.clone(), wanted, &mut lines);
        places.extend(lines.into_iter().map(|line| (source.path.clone(), line)));
    }
    places
}

fn plain(name: &str) -> String {
    name.strip_prefix("r#").unwrap_or(name).to_owned()
}

fn word(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(name)) => Some(plain(&name.to_string())),
        _ => None,
    }
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

fn is_double_colon(tokens: &[TokenTree]) -> bool {
    tokens.len() > 1 && is_punct(&tokens[0], ':') && is_punct(&tokens[1], ':')
}

fn is_visibility(tokens: &TokenStream) -> bool {
    let first = tokens.clone().into_iter().next();
    matches!(
        word(first.as_ref()).as_deref(),
        Some("crate" | "super" | "self" | "in")
    )
}
