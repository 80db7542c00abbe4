//! Confidence intervals of small samples and of paired differences.

/// The 97.5 % quantiles of Student's t distribution with 1 to 30 degrees of freedom.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];
/// The same of the normal distribution.
const NORMAL: f64 = 1.960;

/// Mean and half the width of its 95 % confidence interval by Student's t distribution; without
/// a width (no number) for fewer than two values.
pub fn mean_and_t_interval(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean, f64::NAN);
    }
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let t = STUDENT.get(values.len() - 2).copied().unwrap_or(NORMAL);
    (mean, t * (variance / n).sqrt())
}

/// The 95 % confidence interval of the mean of `values` by `draws` bootstrap samples (Efron 1979,
/// percentiles); the same every time. No numbers without values.
pub fn bootstrap(values: &[f64], draws: usize) -> (f64, f64) {
    if values.is_empty() || draws == 0 {
        return (f64::NAN, f64::NAN);
    }
    let mut rng = fastrand::Rng::with_seed(0);
    let mut draw = || {
        let sum: f64 = values
            .iter()
            .map(|_| values[rng.usize(..values.len())])
            .sum();
        sum / values.len() as f64
    };
    let mut means: Vec<f64> = (0..draws).map(|_| draw()).collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((draws - 1) as f64 * share).round() as usize];
    (at(0.025), at(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_t_interval_is_that_of_a_textbook() {
        // Five values with mean 3 and variance 2.5: 2.776 * sqrt(2.5 / 5).
        let (mean, half) = mean_and_t_interval(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert!((mean - 3.0).abs() < 1e-12 && (half - 1.962_928).abs() < 1e-5);
        let (mean, half) = mean_and_t_interval(&[7.0]);
        assert!(mean == 7.0 && half.is_nan());
        let many: Vec<f64> = (0..100).map(f64::from).collect();
        assert!(
            (mean_and_t_interval(&many).1 - 1.96 * (841.666_667f64 / 100.0).sqrt()).abs() < 1e-4
        );
    }

    #[test]
    fn the_bootstrap_interval_is_about_that_of_the_normal_distribution() {
        let values: Vec<f64> = (0..400).map(|k| f64::from(k * 37 % 100)).collect();
        let (low, high) = bootstrap(&values, 4000);
        // Standard deviation 28.9 of 400 values.
        assert!((low - (49.5 - 2.83)).abs() < 0.25, "{low}");
        assert!((high - (49.5 + 2.83)).abs() < 0.25, "{high}");
        assert_eq!(bootstrap(&[2.0; 9], 50), (2.0, 2.0));
        assert!(bootstrap(&[], 50).0.is_nan());
    }
}
