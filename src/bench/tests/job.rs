use clap::ValueEnum;

use crate::bench::engine::{BenchEngine, Model};
use crate::bench::job::{Job, Rule, Setup};
use crate::config::DetectorOptions;

fn setup() -> Setup {
    Setup {
        source: "demo:".into(),
        sink: "null".into(),
        detection: DetectorOptions {
            detector: "centre".into(),
            faces: 1,
            min_face: 12,
        },
        view: "strip".into(),
        size: "320x240".into(),
        fps: 30,
        format: None,
        camera_rotate: "0".into(),
        camera_flip: None,
    }
}

#[test]
fn only_combinations_that_differ_are_measured() {
    let models = [Model(None), Model(Some("b.onnx".into()))];
    let (jobs, left_out) = Job::combinations(
        BenchEngine::value_variants(),
        &models,
        &[1, 2, 4],
        2,
        &setup(),
        Rule::QUICK,
    );
    let named: Vec<_> = jobs
        .iter()
        .map(|job| (job.engine.name(), job.model_name(), job.threads))
        .collect();
    let case = |engine, model: &str, threads| (engine, model.to_owned(), threads);
    assert_eq!(
        named,
        [
            case("face8x", "face8x.onnx", 1),
            case("face8x", "face8x.onnx", 2),
            case("tract-int8", "face8x.onnx", 1),
            case("tract-f32", "face8x.onnx", 1),
            case("bicubic", "none", 1),
            case("face8x", "b.onnx", 1),
            case("face8x", "b.onnx", 2),
            case("tract-int8", "b.onnx", 1),
            case("tract-f32", "b.onnx", 1),
        ]
    );
    assert_eq!(left_out, [4]);
}

#[test]
fn the_demo_is_read_on_demand_and_a_camera_is_not() {
    let (mut jobs, _) = Job::combinations(
        &[BenchEngine::Face8x],
        &[Model(None)],
        &[1],
        1,
        &setup(),
        Rule::FULL,
    );
    let played = jobs[0].settings().unwrap().source_options();
    assert!(played.on_demand && played.fps == 0);
    jobs[0].setup.source = "/dev/video0".into();
    let camera = jobs[0].settings().unwrap().source_options();
    assert!(!camera.on_demand && camera.fps == 30);
    jobs[0].setup.source = "dmo:".into();
    assert_eq!(jobs[0].settings().unwrap_err().exit_code(), 2);
}

#[test]
fn engines_are_known_by_their_names() {
    for engine in BenchEngine::value_variants() {
        assert_eq!(
            BenchEngine::from_str(engine.name(), false).as_ref(),
            Ok(engine)
        );
        let json = serde_json::to_string(engine).unwrap();
        assert_eq!(json, format!("\"{}\"", engine.name()));
        assert_eq!(
            BenchEngine::from_str(engine.restorer(), false).as_ref(),
            Ok(engine)
        );
    }
}
