use super::*;

const EXAMPLE: &str = include_str!("../../../../examples/boards/digits.yaml");

fn parse(text: &str) -> Result<Board, String> {
    Board::parse("board.yaml", text).map_err(|error| error.to_string())
}

#[test]
fn the_example_comes_back_as_it_was_written() {
    let board = parse(EXAMPLE).unwrap();
    let kinds: Vec<&str> = board.panels.iter().map(|panel| panel.content.kind()).collect();
    assert_eq!(
        kinds,
        ["line", "gauge", "query", "bar", "scatter", "table", "log", "histogram", "image", "text"]
    );
    let yaml = board.to_yaml().unwrap();
    assert_eq!(parse(&yaml), Ok(board.clone()), "{yaml}");
    let json = config::to_json(&board).unwrap();
    assert_eq!(Board::read(&config::Node::from_json(&json).unwrap()).unwrap(), board, "{json}");
}

#[test]
fn panels_without_a_place_stand_where_there_is_room() {
    let board = parse(
        "panels:\n- {kind: text, text: a}\n- {kind: text, text: b, at: {column: 0, row: 0, width: 6, height: 2}}\n\
         - {kind: text, text: c}\n- {kind: text, text: d}\n",
    )
    .unwrap();
    let places: Vec<_> =
        board.panels.iter().map(|p| (p.at.column, p.at.row, p.at.width, p.at.height)).collect();
    assert_eq!(places, [(6, 0, 6, 4), (0, 0, 6, 2), (0, 2, 6, 4), (6, 4, 6, 4)]);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    for (text, expected) in [
        (
            "panels:\n- {kind: lin, metrics: a}\n",
            "`kind` cannot be `lin`|board.yaml:2:10|did you mean `line`?",
        ),
        ("panels:\n- {metrics: a}\n", "is missing|known here: `line`"),
        (
            "panels:\n- {kind: line, metrics: a, smothing: 0.5}\n",
            "unknown key `smothing`|did you mean `smoothing`?",
        ),
        ("panels:\n- {kind: line, metrics: a, smoothing: 1}\n", "`smoothing` must be from 0 to below 1"),
        ("panels:\n- {kind: line, metrics: []}\n", "must name at least one metric"),
        ("panels:\n- {kind: gauge, value: metric.a, max: 0}\n", "must be finite and above `min`"),
        ("panels:\n- {kind: gauge, value: nmae, max: 1}\n", "`value` cannot be `nmae`|did you mean `name`?"),
        ("panels:\n- {kind: log, runs: 'state = runing'}\n", "no state is called 'runing'|list of ids"),
        (
            "panels:\n- {kind: log, at: {column: 8, row: 0, width: 6, height: 1}}\n",
            "within 12 columns|board.yaml:2",
        ),
        (
            "panels:\n- {kind: log, at: {column: 0, row: 0, width: 6, height: 2}}\n\
             - {kind: log, at: {column: 5, row: 1, width: 6, height: 2}}\n",
            "panel 2 stands over panel 1|board.yaml:3",
        ),
        ("pannels: []\n", "unknown key `pannels`|did you mean `panels`?"),
    ] {
        let error = parse(text).unwrap_err();
        for part in expected.split('|') {
            assert!(error.contains(part), "{text}\n{error}");
        }
    }
}

/// Column, row, width, height.
type Place = (u16, u16, u16, u16);

/// The board of a text once some panels stand elsewhere.
fn moved(text: &str, to: &[(usize, Place)]) -> Board {
    let mut board = parse(text).unwrap();
    for &(panel, (column, row, width, height)) in to {
        board.panels[panel].at = Area { column, row, width, height };
    }
    board
}

#[test]
fn panels_are_moved_in_the_text_and_nothing_else_of_it_changes() {
    let text = "# What I look at in the morning.\ntitle: Digits # mine\npanels:\n  # The loss of both sets.\n  - kind: line\n    \
                at: {column: 0, row: 0, width: 8, height: 4}   # large\n    metrics: [a]\n\n  - at:\n      row: 4 # below\n      \
                column: 0\n      height: 2\n      width: 12\n    kind: text\n    text: |\n      row: 4 is no place\n";
    let board = moved(text, &[(0, (4, 0, 8, 4)), (1, (0, 14, 11, 2))]);
    let edited = arranged(text, &board).unwrap();
    let expected = text
        .replace("column: 0, row", "column: 4, row")
        .replace("row: 4 #", "row: 14 #")
        .replace("width: 12", "width: 11");
    assert_eq!(edited, expected);
    // The same, with what other editors write.
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(arranged(&windows, &board).unwrap(), format!("\u{feff}{}", expected.replace('\n', "\r\n")));
    // Nothing to do.
    assert_eq!(arranged(text, &parse(text).unwrap()).as_deref(), Some(text));
    for (panels, expected) in [(9, 9), (1, 1)] {
        let all: Vec<_> = (0..panels).map(|at| (at, (0, 100 + 10 * at as u16, 12, 10))).collect();
        let board = moved(EXAMPLE, &all);
        let edited = arranged(EXAMPLE, &board).unwrap();
        assert_eq!(parse(&edited).unwrap(), board);
        assert_eq!(edited.matches("row: 1").count().min(expected), expected, "{edited}");
        assert!(edited.starts_with(EXAMPLE.lines().next().unwrap()));
    }
}

#[test]
fn a_panel_that_did_not_say_where_it_stands_says_it_once_it_was_moved() {
    for (text, expected) in [
        (
            "panels:\n- kind: log # last words\n  stream: stdout\n",
            "panels:\n- kind: log # last words\n  at: {column: 6, row: 0, width: 6, height: 4}\n  stream: stdout\n",
        ),
        (
            "panels:\n- {stream: stdout, kind: log}\n",
            "panels:\n- {stream: stdout, at: {column: 6, row: 0, width: 6, height: 4}, kind: log}\n",
        ),
        (
            "panels:\n  - kind: log",
            "panels:\n  - kind: log\n    at: {column: 6, row: 0, width: 6, height: 4}",
        ),
    ] {
        assert_eq!(arranged(text, &moved(text, &[(0, (6, 0, 6, 4))])).as_deref(), Some(expected));
    }
    // The second would go where the first was, so it has to say where it stays.
    let text = "panels:\n- kind: log # a\n- kind: log # b\n";
    let board = moved(text, &[(0, (0, 9, 6, 4))]);
    assert_eq!(
        arranged(text, &board).as_deref(),
        Some(
            "panels:\n- kind: log # a\n  at: {column: 0, row: 9, width: 6, height: 4}\n- kind: log # b\n  \
             at: {column: 6, row: 0, width: 6, height: 4}\n"
        )
    );
}

#[test]
fn a_text_that_cannot_be_changed_by_its_places_alone_is_left() {
    let shared = "panels:\n- {kind: log, at: &here {column: 0, row: 0, width: 6, height: 4}}\n- kind: text\n  text: a\n  \
                  at: {<<: *here, column: 6}\n";
    assert!(arranged(shared, &moved(shared, &[(0, (0, 8, 6, 4))])).is_none(), "both would move");
    assert!(
        arranged(shared, &moved(shared, &[(0, (0, 8, 6, 4)), (1, (6, 8, 6, 4))])).is_none(),
        "one number for two"
    );
    let odd = "panels:\n- {kind: log, at: {column: 0x1, row: 0, width: 6, height: 4}}\n";
    assert!(
        arranged(odd, &moved(odd, &[(0, (2, 0, 6, 4))]))
            .is_none_or(|text| parse(&text) == Ok(moved(odd, &[(0, (2, 0, 6, 4))])))
    );
    let mut other = parse(EXAMPLE).unwrap();
    other.title = Some("Other".to_owned());
    assert!(arranged(EXAMPLE, &other).is_none());
    other.panels.pop();
    assert!(arranged(EXAMPLE, &other).is_none());
    assert!(arranged("no board", &other).is_none());
}

#[test]
fn what_a_file_would_lose_is_known_before() {
    let home = tempfile::tempdir().unwrap();
    let boards = Boards::of(&aether_ledger::Home::at(home.path()));
    let mut board = parse(EXAMPLE).unwrap();
    assert!(!boards.loses("new", &board).unwrap());
    boards.save_text("mine", EXAMPLE).unwrap();
    // The last one: it makes no room for those that do not say where they stand.
    board.panels.last_mut().unwrap().at.row = 30;
    assert!(!boards.loses("mine", &board).unwrap());
    boards.save("mine", &board).unwrap();
    assert_eq!(boards.text("mine").unwrap(), EXAMPLE.replace("row: 14", "row: 30"));
    board.panels.pop();
    assert!(boards.loses("mine", &board).unwrap());
    boards.save("mine", &board).unwrap();
    assert_eq!(boards.load("mine").unwrap(), board);
    // What was written by us has nothing to lose.
    board.panels.pop();
    assert!(!boards.loses("mine", &board).unwrap());
}

#[test]
fn a_shelf_keeps_boards() {
    let home = tempfile::tempdir().unwrap();
    let boards = Boards::of(&aether_ledger::Home::at(home.path()));
    assert_eq!(boards.names().unwrap(), Vec::<String>::new());
    boards.save_text("digits", EXAMPLE).unwrap();
    boards.save("Größe 2", &Board::default()).unwrap();
    assert_eq!(boards.names().unwrap(), ["Größe 2", "digits"]);
    assert_eq!(boards.text("digits").unwrap(), EXAMPLE);
    assert_eq!(boards.load("digits").unwrap(), parse(EXAMPLE).unwrap());
    let unknown = boards.load("digit").unwrap_err().to_string();
    assert_eq!(unknown, "there is no board 'digit'; did you mean 'digits'?");
    boards.remove("digits").unwrap();
    assert!(boards.load("digits").is_err());
    for name in ["", "..", "../x", "a/b", ".hidden", "a\0", "-rf", &"x".repeat(101)] {
        assert!(matches!(boards.save(name, &Board::default()), Err(ShelfError::Name(_))), "{name:?}");
    }
}
