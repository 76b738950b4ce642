//! Criterion benches of the parts: encode, decode, publish, apply, and a lone change from end to end. For work on one of
//! them; the record is kept by the figures.

use criterion::{criterion_group, criterion_main, BatchSize, Criterion, Throughput};
use taskwire::wire::{decode_into, Bounds, Delta, DeltaWriter, StreamNumber};
use taskwire_benches::fleet::Fleet;
use taskwire_benches::rig::{agent_config, controller_config, Rig, LARGEST};
use taskwire_benches::workload::{Update, Workload, TASKS};

fn pair() -> (Rig, Workload) {
    let mut rig = Rig::new(agent_config("edge", LARGEST as u32), controller_config());
    let workload = Workload::new(1, TASKS);
    rig.begin(&workload);
    (rig, workload)
}

fn updates(workload: &mut Workload, each: usize) -> Vec<Update> {
    workload.begin_frame();
    (0..each).map(|_| workload.draw()).collect()
}

fn codec(criterion: &mut Criterion) {
    for each in [32, 1_000] {
        let (mut rig, mut workload) = pair();
        rig.tell(&updates(&mut workload, each), false);
        rig.transmit();
        let frame = rig.up[..rig.up_length].to_vec();
        let bounds = Bounds { session_epoch: rig.agent.epoch(), ..Bounds::default() };
        let mut group = criterion.benchmark_group(format!("codec of {each}"));
        group.throughput(Throughput::Elements(each as u64));
        let mut delta = Delta::default();
        group.bench_function("decode", |bencher| {
            bencher.iter(|| decode_into(&frame, &bounds, &mut delta).expect("the frame is sound"));
        });
        let (header, _) = decode_into(&frame, &bounds, &mut delta).expect("the frame is sound");
        let (mut writer, mut out) = (DeltaWriter::new(), vec![0; LARGEST]);
        group.bench_function("encode", |bencher| {
            bencher.iter(|| {
                writer.begin(LARGEST, delta.from, bounds.session_epoch, false, false);
                delta.entries.iter().for_each(|entry| assert!(writer.push(entry)));
                delta.details.iter().for_each(|(slot, detail)| assert!(writer.push_detail(*slot, detail)));
                writer.finish(header, StreamNumber::Reported, delta.tag, None, None, &mut out)
            });
        });
    }
}

fn publish(criterion: &mut Criterion) {
    let (mut rig, mut workload) = pair();
    let mut group = criterion.benchmark_group("agent");
    group.throughput(Throughput::Elements(32));
    group.bench_function("publish and answer, 32 a frame", |bencher| {
        bencher.iter_batched(
            || updates(&mut workload, 32),
            |updates| {
                rig.tell(&updates, false);
                rig.settle()
            },
            BatchSize::PerIteration,
        );
    });
    group.throughput(Throughput::Elements(1));
    let (mut rig, mut workload) = pair();
    group.bench_function("end to end, one change", |bencher| {
        bencher.iter_batched(
            || updates(&mut workload, 1),
            |updates| {
                rig.tell(&updates, false);
                rig.settle()
            },
            BatchSize::PerIteration,
        );
    });
}

fn apply(criterion: &mut Criterion) {
    let mut fleet = Fleet::new(100, 1_000, LARGEST as u32);
    let mut group = criterion.benchmark_group("controller");
    group.throughput(Throughput::Elements(100 * 32));
    group.sample_size(20);
    group.bench_function("apply, 100 frames of 32", |bencher| {
        bencher.iter_custom(|rounds| (0..rounds).map(|_| fleet.round(32, false).0).sum());
    });
}

criterion_group!(benches, codec, publish, apply);
criterion_main!(benches);
