//! The first table of the architecture page.

use std::fs;
use std::path::Path;

/// What a row says of a room of this crate.
pub struct Row {
    pub room: String,
    /// The rooms that it needs, as the page has them between backticks.
    pub needs: Vec<String>,
}

/// The rows of the rooms below `src`.
pub fn rows() -> Vec<Row> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md");
    let page = fs::read_to_string(page).expect("the page");
    let table = page.split("\n\n").find(|part| part.starts_with("| Room |"));
    let lines = table.expect("the table of rooms").lines();
    lines.filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let (room, rest) = line.strip_prefix("| `src/")?.split_once('`')?;
    let (_, needs) = rest.trim_end_matches(" |").rsplit_once("| ")?;
    Some(Row {
        room: module(room.trim_end_matches(".rs")),
        needs: needs.split('`').skip(1).step_by(2).map(module).collect(),
    })
}

fn module(path: &str) -> String {
    path.replace('/', "::")
}
