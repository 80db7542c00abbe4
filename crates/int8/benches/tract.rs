//! The engine beside tract's own operators on the same networks: `cargo bench -p int8 --bench tract`.
//!
//! All of a network's contenders run in turns, so that they meet the same clock. The last column
//! compares the quickest runs, on which other programs weigh least.

use std::hint::black_box;
use std::time::{Duration, Instant};

use int8::{Network, Options, kernels};
use tract_core::internal::SimpleState;
use tract_core::prelude::{
    Framework, IntoTValue, TVec, Tensor, TractResult, TypedModel, TypedSimplePlan,
    TypedSimpleState, tvec,
};
use tract_onnx::prelude::InferenceModelExt;

const NETWORKS: [(&str, &[u8]); 3] = [
    ("face8x.onnx", include_bytes!("../../../models/face8x.onnx")),
    (
        "face8x-nano.onnx",
        include_bytes!("../../../models/face8x-nano.onnx"),
    ),
    (
        "landmarks.onnx",
        include_bytes!("../../../models/landmarks.onnx"),
    ),
];

/// How long each network's contenders run.
const TIME: Duration = Duration::from_secs(5);

/// One way to run a network.
struct Contender {
    name: String,
    threads: usize,
    run: Box<dyn FnMut() -> Result<(), String>>,
    times: Vec<Duration>,
}

fn main() {
    println!("| network | engine | threads | median ms | min ms | times tract (min) |");
    println!("|---|---|---|---|---|---|");
    for (name, onnx) in NETWORKS {
        if let Err(error) = compare(name, onnx) {
            println!("{name}: {error}");
        }
    }
}

fn compare(name: &str, onnx: &'static [u8]) -> Result<(), String> {
    let mut contenders = vec![by_tract(onnx).map_err(|error| format!("{error:#}"))?];
    for kernel in kernels() {
        for threads in [1, 2] {
            contenders.push(by_engine(onnx, &kernel, threads)?);
        }
    }
    let start = Instant::now();
    while start.elapsed() < TIME {
        for contender in &mut contenders {
            let start = Instant::now();
            (contender.run)()?;
            contender.times.push(start.elapsed());
        }
    }
    contenders
        .iter_mut()
        .for_each(|contender| contender.times.sort());
    let least = |contender: &Contender| contender.times[0].as_secs_f64() * 1e3;
    let tract = least(&contenders[0]);
    for contender in &contenders {
        let median = contender.times[contender.times.len() / 2].as_secs_f64() * 1e3;
        println!(
            "| {name} | {} | {} | {median:.3} | {:.3} | {:.1} |",
            contender.name,
            contender.threads,
            least(contender),
            tract / least(contender)
        );
    }
    Ok(())
}

fn by_engine(onnx: &[u8], kernel: &str, threads: usize) -> Result<Contender, String> {
    let options = Options {
        threads,
        kernel: Some(kernel.to_owned()),
        ..Options::default()
    };
    let mut network = Network::load(onnx, &options).map_err(|error| error.to_string())?;
    let input = network.input();
    let pixels = noise(input.rows * input.columns * input.channels);
    let output = &network.outputs()[0];
    let display = match output.format {
        int8::Format::Display => output.rows * output.columns,
        _ => 0,
    };
    let mut display = vec![0; display];
    Ok(Contender {
        name: format!("int8 {kernel}"),
        threads,
        run: Box::new(move || {
            let result = network.run_to_display(black_box(&pixels), &mut display);
            result.map_err(|error| error.to_string())
        }),
        times: Vec::new(),
    })
}

fn by_tract(mut onnx: &[u8]) -> TractResult<Contender> {
    let model: TypedModel = int8::onnx().model_for_read(&mut onnx)?.into_optimized()?;
    let fact = model.input_fact(0)?;
    let shape: TVec<usize> = fact.shape.as_concrete().unwrap_or_default().into();
    let input = Tensor::from_shape(&shape, &noise(shape.iter().product()))?;
    let mut state: TypedSimpleState = SimpleState::new(&TypedSimplePlan::new(model)?)?;
    Ok(Contender {
        name: "tract".into(),
        threads: 1,
        run: Box::new(move || {
            let outputs = state.run(tvec!(black_box(&input).clone().into_tvalue()));
            outputs.map(drop).map_err(|error| format!("{error:#}"))
        }),
        times: Vec::new(),
    })
}

fn noise(count: usize) -> Vec<u8> {
    (0..count).map(|k| (k * 37 % 251) as u8).collect()
}
