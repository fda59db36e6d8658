use aetheria_engine::cpu::gather::{BadIndex, gather, scatter_add};

use super::{bits, numbers};

const ROWS: usize = 11;
const COUNT: usize = 40;

fn indices() -> Vec<u32> {
    (0..COUNT).map(|i| (i * i % ROWS) as u32).collect()
}

#[test]
fn rows_and_their_gradient() {
    let indices = indices();
    for width in (1..71).chain([128]) {
        let (table, dy) = (numbers(1, ROWS * width), numbers(2, COUNT * width));
        let mut out = vec![0.0; COUNT * width];
        for range in [0..3, 3..COUNT] {
            // SAFETY: the table has the rows, and the result all positions.
            unsafe { gather(table.as_ptr(), ROWS, width, &indices, out.as_mut_ptr(), range) }.unwrap();
        }
        let mut expected = table.clone();
        for (position, &index) in indices.iter().enumerate() {
            let row = index as usize * width;
            assert_eq!(out[position * width..][..width], table[row..][..width]);
            for col in 0..width {
                expected[row + col] += dy[position * width + col];
            }
        }
        for owners in [vec![0, ROWS], vec![0, 1, 6, ROWS]] {
            let mut gradient = table.clone();
            for owned in owners.windows(2).rev() {
                // SAFETY: the table has the rows, and the gradient all positions.
                unsafe {
                    scatter_add(gradient.as_mut_ptr(), width, &indices, dy.as_ptr(), owned[0]..owned[1])
                };
            }
            assert_eq!(bits(&gradient), bits(&expected), "{width} columns");
        }
    }
}

#[test]
fn an_index_out_of_range_is_refused() {
    let mut out = vec![0.0; 3];
    // SAFETY: one column, three positions.
    let done = unsafe { gather([1.0, 2.0].as_ptr(), 2, 1, &[1, 0, 2], out.as_mut_ptr(), 0..3) };
    assert_eq!(done.unwrap_err(), BadIndex { position: 2, index: 2, rows: 2 });
}
