use aetheria_engine::cpu::copy::{CopyError, StridedCopy};
use aetheria_engine::cpu::isa::Isa;
use proptest::prelude::*;

use super::numbers;

/// Elements from one to the next in each dimension of a packed tensor.
fn packed(shape: &[usize]) -> Vec<usize> {
    (0..shape.len()).map(|dim| shape[dim + 1..].iter().product()).collect()
}

/// A permuted, sliced, broadcast view: shape, source strides, size of the source, target strides.
fn views() -> impl Strategy<Value = (Vec<usize>, Vec<usize>, usize, Vec<usize>)> {
    let dims = prop_oneof![
        prop::collection::vec((0..6usize, 0..3usize, any::<bool>()), 0..7),
        prop::collection::vec((1..70usize, 0..3usize, Just(false)), 2..4),
        prop::collection::vec((100..300usize, 0..2usize, Just(false)), 2..3),
    ];
    dims.prop_flat_map(|dims| {
        let order: Vec<usize> = (0..dims.len()).collect();
        (Just(dims), Just(order.clone()).prop_shuffle(), Just(order).prop_shuffle())
    })
    .prop_map(|(dims, source_order, target_order)| {
        let shape: Vec<usize> = dims.iter().map(|dim| dim.0).collect();
        let lay = |order: &[usize], room: &dyn Fn(usize) -> usize| {
            let sizes: Vec<usize> = order.iter().map(|&dim| room(dim)).collect();
            let mut strides = vec![0; shape.len()];
            for (&dim, stride) in order.iter().zip(packed(&sizes)) {
                strides[dim] = stride;
            }
            (strides, sizes.iter().product::<usize>())
        };
        // A repeated dimension has one element; others may be a slice of a larger one.
        let (mut source, size) =
            lay(&source_order, &|dim| if dims[dim].2 { 1 } else { shape[dim] + dims[dim].1 });
        for (stride, dim) in source.iter_mut().zip(&dims) {
            *stride *= usize::from(!dim.2);
        }
        let (target, _) = lay(&target_order, &|dim| shape[dim]);
        (shape, source, size, target)
    })
}

proptest! {
    #[test]
    fn copies_do_what_a_plain_loop_does(
        (shape, source, size, target) in views(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let from = numbers(1, size);
        let len: usize = shape.iter().product();
        let mut expected = vec![7.0; len + 1];
        for element in 0..len {
            let (mut rest, mut read, mut write) = (element, 0, 0);
            for dim in (0..shape.len()).rev() {
                let at = rest % shape[dim];
                rest /= shape[dim];
                read += at * source[dim];
                write += at * target[dim];
            }
            expected[write] = from[read];
        }
        let copy = StridedCopy::new(&shape, &source, &target).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(copy.pieces() + 1)).collect();
        cuts.extend([0, copy.pieces()]);
        cuts.sort_unstable();
        for isa in Isa::available() {
            let mut to = vec![7.0; len + 1];
            for cut in cuts.windows(2).rev() {
                // SAFETY: both are as large as the strides reach.
                unsafe { copy.run(isa, from.as_ptr(), to.as_mut_ptr(), cut[0]..cut[1]) };
            }
            prop_assert_eq!(&to, &expected, "{:?}", isa);
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let many = [2; 7];
    assert!(matches!(StridedCopy::new(&many, &many, &many), Err(CopyError::Dims { .. })));
    assert!(matches!(StridedCopy::new(&[2, 2], &[2], &[2, 1]), Err(CopyError::Dims { .. })));
    assert_eq!(StridedCopy::new(&[2, 3], &[3, 1], &[1, 0]).unwrap_err(), CopyError::Overlap(1));
}
