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
