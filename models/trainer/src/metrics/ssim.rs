//! Structural similarity (Wang et al. 2004) and its multi-scale form (Wang et al. 2003).

use super::Planes;

/// K1, K2 of the paper, for a range of 255 levels.
const C1: f64 = (0.01 * 255.0) * (0.01 * 255.0);
const C2: f64 = (0.03 * 255.0) * (0.03 * 255.0);
/// Standard deviation of the Gaussian window.
const SIGMA: f64 = 1.5;
/// Side of SSIM's window.
const WINDOW: usize = 11;
/// Side of MS-SSIM's window: 128 pixels halved four times leave 8.
const MS_WINDOW: usize = 7;
/// Weights of the five scales.
const MS_WEIGHTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/// SSIM with a Gaussian window of 11x11, sigma 1.5, over the pixels whose window lies in the
/// picture (as scikit-image with `gaussian_weights`, `use_sample_covariance=False`); the mean of
/// the planes.
pub fn ssim(a: &Planes, b: &Planes) -> f64 {
    mean_over_planes(a, b, |p, q| mean(&ssim_map(p, q, a.width, WINDOW).0))
}

/// [`ssim`] over the windows whose middle pixel `counts`; no number where there is none.
pub fn ssim_where(a: &Planes, b: &Planes, counts: &[bool]) -> f64 {
    mean_over_planes(a, b, |p, q| {
        let map = ssim_map(p, q, a.width, WINDOW).0;
        let (edge, columns) = (WINDOW / 2, a.width + 1 - WINDOW);
        let counted = |k: &usize| counts[(k / columns + edge) * a.width + k % columns + edge];
        let values: Vec<f64> = (0..map.len()).filter(counted).map(|k| map[k]).collect();
        mean(&values)
    })
}

/// MS-SSIM of five scales with a Gaussian window of 7x7, sigma 1.5; the mean of the planes. The
/// picture has 112 pixels or more to a side.
pub fn ms_ssim(a: &Planes, b: &Planes) -> f64 {
    mean_over_planes(a, b, |p, q| {
        let (mut p, mut q, mut width) = (p.to_vec(), q.to_vec(), a.width);
        let mut product = 1.0;
        for (scale, weight) in MS_WEIGHTS.iter().enumerate() {
            let (whole, contrast) = ssim_map(&p, &q, width, MS_WINDOW);
            let last = scale + 1 == MS_WEIGHTS.len();
            let value = mean(if last { &whole } else { &contrast });
            product *= value.max(0.0).powf(*weight);
            if !last {
                (p, q) = (halve(&p, width), halve(&q, width));
                width /= 2;
            }
        }
        product
    })
}

fn mean_over_planes(a: &Planes, b: &Planes, f: impl Fn(&[f64], &[f64]) -> f64) -> f64 {
    let sum: f64 = a.planes.iter().zip(&b.planes).map(|(p, q)| f(p, q)).sum();
    sum / a.planes.len() as f64
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// SSIM, and its contrast and structure part, at every pixel whose window of `n` x `n` lies in
/// the picture.
pub fn ssim_map(a: &[f64], b: &[f64], width: usize, n: usize) -> (Vec<f64>, Vec<f64>) {
    let product =
        |p: &[f64], q: &[f64]| -> Vec<f64> { p.iter().zip(q).map(|(x, y)| x * y).collect() };
    let blurred = [
        a.to_vec(),
        b.to_vec(),
        product(a, a),
        product(b, b),
        product(a, b),
    ]
    .map(|plane| blur(&plane, width, n));
    let [ma, mb, aa, bb, ab] = &blurred;
    let (mut whole, mut contrast) = (Vec::with_capacity(ma.len()), Vec::with_capacity(ma.len()));
    for k in 0..ma.len() {
        let (x, y) = (ma[k], mb[k]);
        let (va, vb, cov) = (aa[k] - x * x, bb[k] - y * y, ab[k] - x * y);
        let cs = (2.0 * cov + C2) / (va + vb + C2);
        contrast.push(cs);
        whole.push((2.0 * x * y + C1) / (x * x + y * y + C1) * cs);
    }
    (whole, contrast)
}

/// The Gaussian mean at every pixel whose window of `n` x `n` lies in the picture.
fn blur(plane: &[f64], width: usize, n: usize) -> Vec<f64> {
    let centre = (n as f64 - 1.0) / 2.0;
    let kernel: Vec<f64> = (0..n)
        .map(|k| (-(k as f64 - centre).powi(2) / (2.0 * SIGMA * SIGMA)).exp())
        .collect();
    let total: f64 = kernel.iter().sum();
    let kernel: Vec<f64> = kernel.iter().map(|k| k / total).collect();
    let height = plane.len() / width;
    let (w, h) = (
        (width + 1).saturating_sub(n),
        (height + 1).saturating_sub(n),
    );
    let mut rows = vec![0.0; w * height];
    for (line, out) in plane
        .chunks_exact(width)
        .zip(rows.chunks_exact_mut(w.max(1)))
    {
        for (x, out) in out.iter_mut().enumerate() {
            *out = line[x..x + n].iter().zip(&kernel).map(|(v, k)| v * k).sum();
        }
    }
    let mut blurred = vec![0.0; w * h];
    for (y, out) in blurred.chunks_exact_mut(w.max(1)).enumerate() {
        for (k, weight) in kernel.iter().enumerate() {
            let line = &rows[(y + k) * w..][..w];
            for (out, v) in out.iter_mut().zip(line) {
                *out += weight * v;
            }
        }
    }
    blurred
}

/// The mean of each 2x2 pixels.
fn halve(plane: &[f64], width: usize) -> Vec<f64> {
    let (w, h) = (width / 2, plane.len() / width / 2);
    (0..w * h)
        .map(|k| {
            let at = k / w * 2 * width + k % w * 2;
            (plane[at] + plane[at + 1] + plane[at + width] + plane[at + width + 1]) / 4.0
        })
        .collect()
}
