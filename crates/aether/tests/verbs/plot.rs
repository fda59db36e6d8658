use aether_core::Metric;
use serde_json::json;

use crate::harness::{Scratch, golden};

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.run_that("x", json!({}), |bus| {
        let [train, validation, accuracy] = ["train/loss", "val/loss", "val/accuracy"].map(Metric::named);
        for step in 1..=400u64 {
            let x = step as f64;
            let value = match step {
                150..170 => f64::NAN,
                300 => 3.0,
                _ => 2.3 / (1.0 + x / 40.0),
            };
            bus.point(train, step, value);
            if step % 50 == 0 {
                bus.points(
                    step,
                    &[(validation, 2.5 / (1.0 + x / 50.0)), (accuracy, 1.0 - 1.0 / (1.0 + x / 50.0))],
                );
            }
        }
    });
    scratch
}

#[test]
fn in_the_terminal() {
    golden("plot.txt", &scratch().aether("plot @latest").run().ok());
}

#[test]
fn logarithmic() {
    golden("plot_log.txt", &scratch().aether("plot @latest train/loss --log").run().ok());
}

#[test]
fn as_svg() {
    let scratch = scratch();
    let said = scratch.aether("plot @latest val/loss val/accuracy --svg plot.svg").run().ok();
    assert_eq!(said, "wrote plot.svg\n");
    golden("plot.svg", &std::fs::read_to_string(scratch.path().join("plot.svg")).unwrap());
}

/// The pixels are compared by what must be in them, so that a better encoder or another antialiasing changes nothing.
#[test]
fn as_png() {
    let scratch = scratch();
    scratch.aether("plot @latest --png plot.png").run().ok();
    let file = std::fs::File::open(scratch.path().join("plot.png")).unwrap();
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((frame.width, frame.height), (1600, 1200));
    let count = |color: [u8; 3]| pixels.as_chunks::<3>().0.iter().filter(|pixel| **pixel == color).count();
    let (blue, orange, ink) = (count([0x00, 0x72, 0xb2]), count([0xd5, 0x5e, 0x00]), count([0x22; 3]));
    assert!(blue > 1000 && orange > 500 && ink > 3000, "{blue} {orange} {ink}");
    // The spike of one point at step 300 reaches the top of the first chart: 3/4 of the way across, near row 80.
    let (x, row) = (128 + (1600 - 128 - 40) * 299 / 399, 84);
    let near = (x - 6..x + 6).any(|x| pixels[(row * 1600 + x) * 3] < 0x40);
    assert!(near, "no spike");
}

#[test]
fn points_as_json() {
    let lines = scratch().aether("plot @latest val/loss train/loss --json").run().json();
    assert_eq!(lines[0]["metric"], "val/loss");
    assert_eq!(lines[0]["points"][0], json!([50, 1.25]));
    assert_eq!(lines[1]["points"][149], json!([150, "NaN"]));
}

#[test]
fn an_unknown_metric_is_met_with_the_nearest() {
    let error = scratch().aether("plot @latest val/accurcay").run().refused();
    assert!(error.contains("did you mean 'val/accuracy'?"), "{error}");
}

#[test]
fn nothing_to_plot_yet() {
    let scratch = Scratch::new();
    scratch.run("x", json!({}), &[]);
    let done = scratch.aether("plot @latest").run();
    assert_eq!(done.code, Some(1));
}

#[test]
fn a_file_that_cannot_be_written() {
    let done = scratch().aether("plot @latest --svg /nowhere/plot.svg").run();
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("/nowhere/plot.svg"), "{done:?}");
}

#[test]
fn a_long_series_is_drawn_with_its_spikes_and_told_whole() {
    let scratch = Scratch::new();
    let mut values = vec![1.0; 100_000];
    values[77_777] = 50.0;
    values[20_000] = -30.0;
    scratch.run("long", json!({}), &values);
    let before = scratch.aether("plot long train/loss").run().ok();
    let directory = aether_ledger::Index::open(&aether_ledger::Home::at(scratch.home())).unwrap().entries()
        [0]
    .directory
    .clone();
    aether_ledger::compact(&directory).unwrap().unwrap();
    let after = scratch.aether("plot long train/loss").run().ok();
    for plot in [&before, &after] {
        assert!(plot.contains("40") && plot.contains("-20"), "{plot}");
    }
    let json = &scratch.aether("plot long train/loss --json").run().json()[0];
    let points = json["points"].as_array().unwrap();
    assert_eq!((points.len(), &points[77_777][1]), (100_000, &json!(50.0)));
}
