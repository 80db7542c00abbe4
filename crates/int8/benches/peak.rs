//! How much of the processor's peak the engine reaches on `models/face8x.onnx`: `cargo bench -p int8
//! --bench peak`. The peak is that of `vpdpbusd` on registers alone, measured in turns with
//! the engine so that both meet the same clock.

fn main() {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512vnni") {
        return compare();
    }
    println!("this processor has no AVX-512 VNNI: there is no peak to compare with");
}

#[cfg(target_arch = "x86_64")]
fn compare() {
    use std::hint::black_box;
    use std::time::Instant;

    /// Of both, in turns.
    const ROUNDS: usize = 2000;

    let model = include_bytes!("../../../models/face8x.onnx");
    let mut network = match int8::Network::load(model, &int8::Options::default()) {
        Ok(network) => network,
        Err(error) => return println!("the network cannot be loaded: {error}"),
    };
    let work = network.multiplications();
    let pixels: Vec<u8> = (0..16 * 16 * 3).map(|k| (k * 37 % 251) as u8).collect();
    let mut display = vec![0; 128 * 128];
    let (mut peak, mut engine) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        // SAFETY: the caller has asked for the instructions.
        let done = black_box(unsafe { vpdpbusd() });
        peak.push(done as f64 / start.elapsed().as_secs_f64() / 1e9);
        let start = Instant::now();
        if let Err(error) = network.run_to_display(black_box(&pixels), &mut display) {
            return println!("the network cannot be run: {error}");
        }
        engine.push(work as f64 / start.elapsed().as_secs_f64() / 1e9);
    }
    for (name, of) in [("median", ROUNDS / 2), ("best", ROUNDS - 1)] {
        peak.sort_by(f64::total_cmp);
        engine.sort_by(f64::total_cmp);
        let (peak, engine) = (peak[of], engine[of]);
        println!(
            "{name}: vpdpbusd {peak:.0} GMAC/s, the engine {engine:.0} GMAC/s, {:.0} %",
            100.0 * engine / peak
        );
    }
}

/// Multiplies and adds on registers for a tenth of a millisecond or so; gives the number of
/// multiplications.
///
/// # Safety
/// The processor has AVX-512 VNNI.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn vpdpbusd() -> usize {
    use std::arch::x86_64::*;
    use std::hint::black_box;

    /// More than the instruction's latency times what the processor starts in a cycle.
    const CHAINS: usize = 16;
    const TURNS: usize = 2_000;

    let factors = black_box([_mm512_set1_epi8(1), _mm512_set1_epi8(2)]);
    let mut sums = [_mm512_setzero_si512(); CHAINS];
    for _ in 0..TURNS {
        for sum in &mut sums {
            *sum = _mm512_dpbusd_epi32(*sum, factors[0], factors[1]);
        }
    }
    black_box(sums);
    CHAINS * TURNS * 64
}
