//! How far a share that was counted may be from the true one.

/// The interval that holds the true share with 95 %, after `count` of `of` (Wilson, 1927). Of nothing, anything can be.
///
/// ```
/// let [low, high] = pandian_domain::statistics::wilson(2, 480);
/// assert!((0.0011..0.0012).contains(&low) && (0.0150..0.0152).contains(&high));
/// assert_eq!(pandian_domain::statistics::wilson(0, 0), [0.0, 1.0]);
/// ```
pub fn wilson(count: u64, of: u64) -> [f64; 2] {
    if of == 0 {
        return [0.0, 1.0];
    }
    let (n, z) = (of as f64, 1.959_964);
    let share = count as f64 / n;
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    [(middle - half).max(0.0), (middle + half).min(1.0)]
}
