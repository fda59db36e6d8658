use aether_ledger::Standing;
use ratatui_core::style::Color;
use ratatui_crossterm::crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::*;
use crate::{
    board::Board,
    top::{
        app::{Pane, Screen},
        model::{CompareView, PanelView},
    },
};

const SMALL: (u16, u16) = (80, 24);

fn filled() -> App {
    let mut app = app();
    let rows = vec![
        row(1, "digits", Standing::Running),
        row(2, HOSTILE, Standing::Failed),
        row(3, "wine", Standing::Done),
    ];
    app.hear(listing(rows));
    app.hear(News::Details(
        [(id(1), detail(&[3.0, 2.0, 9.0, 1.0])), (id(2), detail(&[1.0, f64::NAN]))].into(),
    ));
    app.hear(News::Host { name: "lab".to_owned(), reading: Box::new(reading()) });
    app
}

#[test]
fn before_anything_was_read_there_is_a_frame() {
    let mut app = app();
    let text = screen(&mut app, SMALL);
    assert!(text.contains("1 Host") && text.contains("Reading runs") && text.contains("q quit"), "{text}");
    press(&mut app, "1");
    assert!(screen(&mut app, SMALL).contains("Looking at the machine"));
    press(&mut app, "3");
    assert!(screen(&mut app, SMALL).contains("No run is chosen"));
}

#[test]
fn an_empty_home_says_what_to_do() {
    let mut app = app();
    app.hear(listing(Vec::new()));
    let text = screen(&mut app, SMALL);
    assert!(text.contains("No runs yet") && text.contains("aether train FILE"), "{text}");
}

#[test]
fn runs_as_a_table() {
    let mut app = filled();
    let text = screen(&mut app, SMALL);
    let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap_or_default().to_owned();
    let digits = line("digits");
    assert!(digits.contains("▸") && digits.contains("● running"), "{text}");
    assert!(digits.contains("93%") && digits.contains("1.0000") && digits.contains("180%"), "{text}");
    assert!(digits.contains("1:15"), "time left: {text}");
    assert!(line("wine").contains("✓ done"), "{text}");
    let evil = line("evil");
    assert!(evil.contains("✗ failed") && evil.contains("NaN") && evil.contains('×'), "{text}");
    assert!(text.contains("3 runs, newest first"), "{text}");
    // Nothing of a foreign text gets through to the terminal as it is.
    assert!(!text.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'), "{text:?}");
}

#[test]
fn keys_move_and_open() {
    let mut app = filled();
    screen(&mut app, SMALL);
    press(&mut app, "jj");
    assert_eq!(app.selected().map(|row| row.name.clone()).as_deref(), Some("wine"));
    press(&mut app, "jjj");
    assert_eq!(app.list.selected, 2, "not beyond the end");
    press(&mut app, "gj\n");
    assert_eq!((app.screen, app.opened), (Screen::Run, Some(id(2))));
    assert_eq!(app.wishes().runs, [id(2)]);
    press(&mut app, "]");
    assert_eq!(app.opened, Some(id(3)));
    press(&mut app, "\u{1b}");
    assert_eq!(app.screen, Screen::Runs);
    assert_eq!(press(&mut app, "q"), Flow::Quit);
}

#[test]
fn the_selected_run_stays_selected_when_others_come() {
    let mut app = filled();
    press(&mut app, "j");
    let mut rows = vec![row(9, "new", Standing::Running), row(1, "digits", Standing::Running)];
    rows.push(row(2, HOSTILE, Standing::Failed));
    app.hear(listing(rows));
    assert_eq!(app.selected().map(|row| row.id), Some(id(2)));
}

#[test]
fn a_filter_is_typed_and_a_wrong_one_is_explained() {
    let mut app = filled();
    press(&mut app, "/state = runing");
    assert_eq!(app.wishes().query, "state = runing", "it holds while it is typed");
    let wrong = "no state is called 'runing'; did you mean 'running'?\n  state = runing\n          ^^^^^^";
    app.hear(News::NoQuery(wrong.to_owned()));
    let text = screen(&mut app, SMALL);
    assert!(text.contains("did you mean 'running'?") && text.contains("^^^^^^"), "{text}");
    press(&mut app, "\n");
    assert!(app.list.typing.is_some(), "a wrong one is not kept");
    press(&mut app, "\u{8}\u{8}\u{8}\u{8}nning");
    app.hear(listing(vec![row(1, "digits", Standing::Running)]));
    press(&mut app, "\n");
    assert_eq!(app.list.query, "state = running");
    let text = screen(&mut app, SMALL);
    assert!(text.contains("/ state = running"), "{text}");
    // A letter of a query is no command.
    press(&mut app, "/q");
    assert_eq!(app.list.typing.as_deref(), Some("state = runningq"));
    press(&mut app, "\u{1b}\u{1b}");
    assert_eq!(app.wishes().query, "");
}

#[test]
fn the_machine() {
    let mut app = filled();
    press(&mut app, "1");
    let text = screen(&mut app, SMALL);
    for part in
        ["Processors", "42 %", "Memory", "2.8G of 7.5G", "95 %", "Accelerators", "none found", "Waiting for"]
    {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    assert!(text.lines().next().unwrap_or_default().ends_with("lab  13:00:00Z"), "{text}");
}

fn opened(losses: &[f64]) -> App {
    let mut app = filled();
    app.open(id(1));
    app.hear(News::Run(view("digits", losses)));
    app
}

#[test]
fn one_run_in_panes() {
    let mut app = opened(&[3.0, 2.0, 1.0]);
    let text = screen(&mut app, SMALL);
    assert!(text.contains("digits  ● running  default  #baseline"), "{text}");
    assert!(text.contains("step 930/1000") && text.contains("left 1:15"), "{text}");
    assert!(text.contains("train/loss ─") && text.trim_end().ends_with("? help  q quit"), "{text}");
    press(&mut app, "\t");
    let text = screen(&mut app, SMALL);
    assert!(text.contains("line 50 evil \\u{202e}gpj.exe"), "{text}");
    let red =
        |app: &mut App| buffer(app, SMALL).content().iter().filter(|cell| cell.fg == Color::Red).count();
    assert_eq!(red(&mut app) % 4, 0, "four letters a line are red, as they were printed");
    assert!(red(&mut app) > 0);
    app.theme = Theme { colored: false };
    assert_eq!(red(&mut app), 0, "where there are no colours, there are none");
    app.theme = Theme { colored: true };
    press(&mut app, "gg");
    assert!(screen(&mut app, SMALL).contains("line 1 "), "scrolled to the first line");
    press(&mut app, "G");
    assert!(screen(&mut app, SMALL).contains("line 50 "));
    press(&mut app, "\t");
    let text = screen(&mut app, SMALL);
    assert!(
        text.contains("▲ 00:00:00        7 train/loss rose to 9") && text.contains("Epoch 1 of 3"),
        "{text}"
    );
    press(&mut app, "a");
    let text = screen(&mut app, SMALL);
    assert!(text.contains("rose to 9") && !text.contains("Epoch 1"), "{text}");
    press(&mut app, "\t");
    assert!(screen(&mut app, SMALL).contains("optimizer.lr  0.1"));
}

#[test]
fn a_wide_terminal_shows_all_panes_at_once() {
    let mut app = opened(&[3.0, 2.0, 1.0]);
    let text = screen(&mut app, (140, 44));
    for part in ["train/loss ─", "line 50", "rose to 9", "optimizer.lr"] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

/// Lines of the curves, from the top.
fn dots(text: &str) -> Vec<bool> {
    let braille = |c: char| ('\u{2801}'..='\u{28ff}').contains(&c);
    text.lines().filter(|line| line.contains(['│', '┤'])).map(|line| line.contains(braille)).collect()
}

#[test]
fn no_spike_is_hidden_and_no_nan() {
    let mut losses = vec![1.0; 5000];
    losses[2500] = 100.0;
    losses[4000] = f64::NAN;
    let mut app = opened(&losses);
    let text = screen(&mut app, SMALL);
    let dots = dots(&text);
    assert!(dots[0] || dots[1], "the spike reaches the top:\n{text}");
    assert!(text.lines().any(|line| line.contains('└') && line.contains('×')), "{text}");
    assert!(text.contains("× 1 NaN or infinite"), "{text}");
    press(&mut app, "S");
    let text = screen(&mut app, SMALL);
    assert!(
        text.contains("smooth 0.6") && (self::dots(&text)[0] || self::dots(&text)[1]),
        "raw stays:\n{text}"
    );
    press(&mut app, "L");
    assert!(screen(&mut app, SMALL).contains("log"));
}

#[test]
fn a_text_is_found_in_the_log() {
    let mut app = opened(&[1.0]);
    app.pane = Pane::Log;
    screen(&mut app, SMALL);
    press(&mut app, "/LINE 7");
    // Typed keys are letters, and no commands.
    let text = screen(&mut app, SMALL);
    assert!(text.contains("/ LINE 7") && text.contains("in one line") && text.contains("line 50"), "{text}");
    press(&mut app, "\n");
    let text = screen(&mut app, SMALL);
    assert!(text.contains("line 7 ") && !text.contains("line 50") && text.contains("1 of 1"), "{text}");
    // Of several, the nearest above what is in sight; n goes down, N up, and from an end on to the other.
    press(&mut app, "/line 2\n");
    let found = |app: &mut App, which: &str| {
        let text = screen(app, SMALL);
        assert!(text.contains(&format!("{which} of 11")), "{which}: {text}");
    };
    found(&mut app, "1");
    press(&mut app, "N");
    found(&mut app, "11");
    press(&mut app, "N");
    found(&mut app, "10");
    press(&mut app, "nn");
    found(&mut app, "1");
    press(&mut app, "/nothing\n");
    assert!(screen(&mut app, SMALL).contains("in no line"));
    press(&mut app, "n\u{1b}");
    let text = screen(&mut app, SMALL);
    assert!(!text.contains("in no line") && text.contains("Log"), "{text}");
}

#[test]
fn zoom_and_pan() {
    let mut app = opened(&[1.0; 101]);
    screen(&mut app, SMALL);
    assert_eq!(app.wishes().charts.window, None);
    press(&mut app, "+");
    assert_eq!(app.wishes().charts.window, Some((25.0, 75.0)));
    press(&mut app, "l");
    assert_eq!(app.wishes().charts.window, Some((35.0, 85.0)));
    assert!(screen(&mut app, SMALL).contains("zoomed"));
    press(&mut app, "-");
    assert_eq!(app.wishes().charts.window, Some((10.0, 110.0)));
    press(&mut app, "x");
    assert_eq!((app.wishes().charts.window, app.wishes().charts.x), (None, X::Relative));
    press(&mut app, "+0");
    assert_eq!(app.wishes().charts.window, None);
}

#[test]
fn what_has_no_steps_is_drawn_over_time() {
    let mut app = opened(&[1.0; 101]);
    if let Some(run) = &mut app.run {
        run.names = vec!["system/cpu".to_owned()];
    }
    let text = screen(&mut app, SMALL);
    assert!(text.contains("1.0min"), "{text}");
    press(&mut app, "+");
    assert_eq!((app.charts.look.x, app.charts.look.window), (X::Relative, Some((25.0, 75.0))));
}

fn mouse(app: &mut App, kind: MouseEventKind, column: u16, row: u16) {
    app.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
}

#[test]
fn a_mouse_points() {
    let mut app = filled();
    let text = screen(&mut app, SMALL);
    let wine = text.lines().position(|line| line.contains("wine")).unwrap() as u16;
    let click = MouseEventKind::Down(MouseButton::Left);
    mouse(&mut app, click, 20, wine);
    assert_eq!(app.list.selected, 2);
    mouse(&mut app, click, 20, wine);
    assert_eq!(app.opened, Some(id(3)), "a second click opens");
    let host = text.lines().next().unwrap_or_default().find("Host").unwrap() as u16;
    mouse(&mut app, click, host, 0);
    assert_eq!(app.screen, Screen::Host);
    let mut app = opened(&[1.0; 101]);
    screen(&mut app, SMALL);
    mouse(&mut app, MouseEventKind::ScrollUp, 40, 12);
    let (from, to) = app.charts.look.window.unwrap();
    assert!(from > 0.0 && to < 100.0 && to - from > 79.0, "{from} {to}");
    screen(&mut app, SMALL);
    mouse(&mut app, click, 40, 12);
    mouse(&mut app, MouseEventKind::Drag(MouseButton::Left), 30, 12);
    assert!(app.charts.look.window.unwrap().0 > from, "what is dragged to the left shows what is later");
    press(&mut app, "\t");
    assert_eq!(app.pane, Pane::Log);
}

#[test]
fn runs_side_by_side() {
    let mut app = filled();
    press(&mut app, "c");
    assert!(screen(&mut app, SMALL).contains("Mark two runs"));
    press(&mut app, "\u{1b} jj c");
    assert_eq!(app.list.marked, [id(1), id(3)]);
    assert_eq!((app.wishes().runs, app.wishes().compare), (vec![id(1), id(3)], true));
    let curve = |number: usize, name: &str| Curve {
        name: name.to_owned(),
        number,
        unit: None,
        stretches: stretches(&[3.0 - number as f64, 1.0]),
    };
    app.hear(News::Compare(Box::new(CompareView {
        rows: vec![row(1, "digits", Standing::Running), row(3, "wine", Standing::Done)],
        details: vec![detail(&[1.0]), detail(&[2.0])],
        parameters: vec![("lr".to_owned(), vec![Some("0.1".to_owned()), None])],
        metrics: vec![("train/loss".to_owned(), vec![Some(1.0), Some(f64::NAN)])],
        names: vec!["train/loss".to_owned()],
        first: 0,
        charts: vec![vec![curve(0, "digits"), curve(1, "wine")]],
        x: X::Step,
    })));
    let text = screen(&mut app, SMALL);
    let line =
        |start: &str| text.lines().find(|line| line.trim_start().starts_with(start)).unwrap_or_default();
    assert!(line("lr ").contains("0.1") && line("lr ").contains('-'), "{text}");
    assert!(text.contains("━ digits 1.0000") && text.contains("NaN"), "{text}");
}

#[test]
fn without_colours_nothing_is_coloured_and_curves_have_letters() {
    let mut app = opened(&[3.0, 2.0, 1.0]);
    app.theme.colored = false;
    if let Some(run) = &mut app.run {
        let mut second = run.charts[0][0].clone();
        (second.number, second.name) = (1, "val/loss".to_owned());
        second.stretches = stretches(&[9.0, 9.0, 9.0]);
        run.charts[0].push(second);
    }
    let drawn = buffer(&mut app, SMALL);
    assert!(drawn.content().iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    let text = screen(&mut app, SMALL);
    assert!(text.contains("a train/loss 1.0000") && text.contains("b val/loss 9.0000"), "{text}");
    app.theme.colored = true;
    let named = |color: Color| !matches!(color, Color::Rgb(..) | Color::Indexed(_));
    let drawn = buffer(&mut app, SMALL);
    assert!(drawn.content().iter().all(|cell| named(cell.fg) && named(cell.bg)), "16 colours");
}

#[test]
fn every_screen_fits_every_terminal() {
    let board =
        Board::parse("board.yaml", include_str!("../../../../../examples/boards/digits.yaml")).unwrap();
    let mut app = opened(&[3.0, f64::NAN, 1.0]);
    app.panels = board.panels.iter().map(|_| PanelView::Bars(vec![("a".to_owned(), 1.0)])).collect();
    app.board = Some(board);
    for screen_of in [Screen::Host, Screen::Runs, Screen::Run, Screen::Compare, Screen::Board] {
        app.screen = screen_of;
        for pane in Pane::ALL {
            app.pane = pane;
            for width in [1, 19, 20, 30, 41, 80, 109, 110, 131, 200, 400] {
                for height in [1, 5, 6, 8, 11, 24, 30, 60, 100] {
                    screen(&mut app, (width, height));
                    app.help = !app.help;
                    screen(&mut app, (width, height));
                    app.help = !app.help;
                }
            }
        }
    }
}

#[test]
fn a_board_shows_its_panels() {
    let board = Board::parse(
        "board.yaml",
        "panels:\n- {kind: gauge, value: metric.acc, max: 1, title: Accuracy, at: {column: 0, row: 0, width: 6, height: 1}}\n\
         - {kind: bar, metrics: acc, at: {column: 6, row: 0, width: 6, height: 2}}\n\
         - {kind: image, name: x, at: {column: 0, row: 1, width: 6, height: 1}}\n",
    )
    .unwrap();
    let mut app = App::new(Theme { colored: true }, NOW.parse().unwrap(), Some(board));
    assert!(app.wishes().board);
    app.hear(News::Board(vec![
        PanelView::Gauge(Some((0.5, "digits".to_owned()))),
        PanelView::Bars(vec![("one".to_owned(), 2.0), ("two".to_owned(), 1.0)]),
        PanelView::Nothing("no run has said an image 'x' yet".to_owned()),
    ]));
    let text = screen(&mut app, SMALL);
    for part in ["Accuracy ─", "digits", "0.5000", "acc ─", "one ━", "no run has said an image"] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    let board = Board::parse(
        "board.yaml",
        "panels:\n- {kind: gauge, value: metric.system/memory.max, max: 4294967296}\n\
         - {kind: bar, metrics: [system/cpu]}\n- {kind: bar, metrics: [system/cpu, system/memory]}\n",
    )
    .unwrap();
    let mut app = App::new(Theme { colored: true }, NOW.parse().unwrap(), Some(board));
    app.hear(News::Board(vec![
        PanelView::Gauge(Some((f64::from(1u32 << 30), "digits".to_owned()))),
        PanelView::Bars(vec![("one".to_owned(), 12.5)]),
        PanelView::Bars(vec![("one system/cpu".to_owned(), 37.0)]),
    ]));
    let text = screen(&mut app, SMALL);
    for part in ["1.0 GiB", "4.0 GiB", "12.5 %", "37"] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    assert!(!text.contains("37 %"), "of two kinds:\n{text}");
}
