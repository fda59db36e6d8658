use aetheria_engine::cpu::cross_entropy::{BadClass, cross_entropy, cross_entropy_gradient};
use aetheria_engine::cpu::isa::Isa;
use aetheria_engine::cpu::matrix::{Matrix, MatrixMut};

use super::{assert_close, bits, numbers};

const ROWS: usize = 19;
/// Elements between rows.
const GAP: usize = 2;

fn matrix(x: &[f32], cols: usize) -> Matrix {
    Matrix { data: x.as_ptr(), stride: cols + GAP }
}

fn matrix_mut(x: &mut [f32], cols: usize) -> MatrixMut {
    MatrixMut { data: x.as_mut_ptr(), stride: cols + GAP }
}

/// A row and its softmax in f64.
fn exact(x: &[f32], cols: usize) -> (Vec<f64>, f64) {
    let x: Vec<f64> = x[..cols].iter().map(|&x| f64::from(x)).collect();
    let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let lse = largest + x.iter().map(|x| (x - largest).exp()).sum::<f64>().ln();
    (x.iter().map(|x| (x - lse).exp()).collect(), lse)
}

/// Runs a kernel on all instruction sets, whole and in parts; all must give the same bits.
fn everywhere(cols: usize, run: impl Fn(Isa, &mut [f32], std::ops::Range<usize>)) -> Vec<f32> {
    let mut first: Option<Vec<f32>> = None;
    for isa in Isa::available() {
        for parts in [vec![0, ROWS], vec![0, 1, 7, 18, ROWS]] {
            let mut y = vec![7.0; ROWS * (cols + GAP)];
            for part in parts.windows(2).rev() {
                run(isa, &mut y, part[0]..part[1]);
            }
            match &first {
                Some(first) => assert_eq!(bits(first), bits(&y), "{isa:?}, {cols} columns"),
                None => first = Some(y),
            }
        }
    }
    first.unwrap_or_default()
}

#[test]
fn cross_entropy_and_its_gradient() {
    for cols in (1..71).chain([1000]) {
        let x = numbers(3, ROWS * (cols + GAP));
        let classes: Vec<u32> = (0..ROWS).map(|row| (row * 13 % cols) as u32).collect();
        let weights = numbers(4, ROWS);
        let mut saved = Vec::new();
        let mut losses = Vec::new();
        for isa in Isa::available() {
            for parts in [vec![0, ROWS], vec![0, 2, 17, ROWS]] {
                let (mut loss, mut lse) = (vec![0.0; ROWS], vec![0.0; ROWS]);
                for part in parts.windows(2) {
                    // SAFETY: everything has all rows.
                    let done = unsafe {
                        let (loss, lse) = (loss.as_mut_ptr(), lse.as_mut_ptr());
                        cross_entropy(
                            isa,
                            matrix(&x, cols),
                            cols,
                            classes.as_ptr(),
                            loss,
                            lse,
                            part[0]..part[1],
                        )
                    };
                    done.unwrap();
                }
                saved.push(lse);
                losses.push(bits(&loss));
            }
        }
        assert!(losses.iter().all(|loss| *loss == losses[0]), "{cols} columns");
        // SAFETY: everything has all rows.
        let dx = everywhere(cols, |isa, dx, rows| unsafe {
            let (classes, lse) = (classes.as_ptr(), saved[0].as_ptr());
            let dx = matrix_mut(dx, cols);
            cross_entropy_gradient(isa, matrix(&x, cols), cols, classes, lse, weights.as_ptr(), dx, rows);
        });
        for row in 0..ROWS {
            let start = row * (cols + GAP);
            let (mut p, lse) = exact(&x[start..], cols);
            let class = classes[row] as usize;
            let loss = lse - f64::from(x[start + class]);
            assert_close(&[f32::from_bits(losses[0][row])], &[loss], 1.0, 5e-6);
            p[class] -= 1.0;
            let expected: Vec<f64> = p.iter().map(|p| p * f64::from(weights[row])).collect();
            assert_close(&dx[start..start + cols], &expected, 1.0, 3e-5);
        }
    }
}

fn losses_of(x: &[f32], cols: usize, classes: &[u32]) -> Result<Vec<f32>, BadClass> {
    let rows = classes.len();
    let (mut losses, mut lse) = (vec![0.0; rows], vec![0.0; rows]);
    let x = Matrix { data: x.as_ptr(), stride: cols };
    // SAFETY: everything has all rows.
    unsafe {
        let (losses, lse) = (losses.as_mut_ptr(), lse.as_mut_ptr());
        cross_entropy(Isa::detect(), x, cols, classes.as_ptr(), losses, lse, 0..rows)?;
    }
    Ok(losses)
}

#[test]
fn large_logits_neither_overflow_nor_lose_a_small_loss() {
    let losses = losses_of(&[1e30, -1e30, 80.0, 90.0], 2, &[0, 0]).unwrap();
    assert_eq!(losses[0], 0.0);
    assert_close(&losses[1..], &[10.0 + (1.0 + (-10f64).exp()).ln()], 1.0, 1e-6);
}

#[test]
fn a_nan_reaches_the_loss_and_no_other_row() {
    let losses = losses_of(&[0.0, f32::NAN, 0.0, 0.0], 2, &[0, 0]).unwrap();
    assert!(losses[0].is_nan());
    assert_close(&losses[1..], &[2f64.ln()], 1.0, 1e-6);
}

#[test]
fn a_class_out_of_range_is_refused() {
    let error = losses_of(&[0.0; 6], 2, &[0, 1, 2]).unwrap_err();
    assert_eq!(error, BadClass { row: 2, class: 2, classes: 2 });
    assert!(error.to_string().contains("has class 2, but the model has 2 outputs (classes 0 to 1)"));
}
