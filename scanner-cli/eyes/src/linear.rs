//! Solves small systems of linear equations; leaves out what they are about.

/// Solves `matrix · x = right` in place by elimination with the largest pivot; false when there is no one
/// solution.
///
/// **Shape**: `matrix` holds the rows of a square of `right.len()`; `right` becomes `x`.
pub(super) fn solve(matrix: &mut [f64], right: &mut [f64]) -> bool {
    let n = right.len();
    for column in 0..n {
        let pivot = (column..n)
            .max_by(|&a, &b| {
                matrix[a * n + column]
                    .abs()
                    .total_cmp(&matrix[b * n + column].abs())
            })
            .unwrap_or(column);
        if matrix[pivot * n + column].abs() < 1e-12 {
            return false;
        }
        if pivot != column {
            for at in 0..n {
                matrix.swap(column * n + at, pivot * n + at);
            }
            right.swap(column, pivot);
        }
        for row in column + 1..n {
            let factor = matrix[row * n + column] / matrix[column * n + column];
            if factor != 0.0 {
                for at in column..n {
                    matrix[row * n + at] -= factor * matrix[column * n + at];
                }
                right[row] -= factor * right[column];
            }
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|at| matrix[row * n + at] * right[at]).sum();
        right[row] = (right[row] - known) / matrix[row * n + row];
    }
    right.iter().all(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved_and_one_without_a_solution_is_refused() {
        let mut right = [8.0, -11.0, -3.0];
        assert!(solve(
            &mut [2.0, 1.0, -1.0, -3.0, -1.0, 2.0, -2.0, 1.0, 2.0],
            &mut right
        ));
        for (value, expected) in right.iter().zip([2.0, 3.0, -1.0]) {
            assert!((value - expected).abs() < 1e-9, "{right:?}");
        }
        assert!(!solve(&mut [1.0, 2.0, 2.0, 4.0], &mut [1.0, 2.0]));
    }
}
