import java.io.FileOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.connector.datagen.source.GeneratorFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;

/** The job blobs: bench/jobs/updates.mjs and record-log.mjs say what it reads and logs. A record is a key, and when it is due. */
class FlinkBlobs {
  static class Updates implements GeneratorFunction<Long, Tuple2<Long, Double>> {
    private final long keys;
    private transient long first;
    private transient double begun;

    Updates(long keys) {
      this.keys = keys;
    }

    @Override
    public Tuple2<Long, Double> map(Long n) {
      if (n < keys) return Tuple2.of(n, 0.0);
      if (begun == 0) {
        first = n;
        begun = now();
      }
      double due = begun + (n - first);
      for (double early = due - now(); early > 0; early = due - now()) LockSupport.parkNanos((long) (early * 1e6));
      return Tuple2.of(Integer.toUnsignedLong(scatter(n.intValue())) % keys, due);
    }

    private static int scatter(int n) {
      int hash = n * 0x9e3779b1;
      hash = (hash ^ (hash >>> 15)) * 0x85ebca6b;
      return hash ^ (hash >>> 13);
    }
  }

  static class Blob extends KeyedProcessFunction<Long, Tuple2<Long, Double>, Double> {
    private final String log;
    private transient ValueState<byte[]> state;
    private transient SplittableRandom random;
    private transient FileOutputStream file;
    private transient long pid;

    Blob(String log) {
      this.log = log;
    }

    @Override
    public void open(OpenContext context) throws Exception {
      state = getRuntimeContext().getState(new ValueStateDescriptor<>("blob", byte[].class));
      random = new SplittableRandom();
      file = new FileOutputStream(log, true);
      pid = ProcessHandle.current().pid();
    }

    @Override
    public void processElement(Tuple2<Long, Double> update, Context context, Collector<Double> out) throws Exception {
      state.value();
      byte[] value = new byte[100];
      random.nextBytes(value);
      state.update(value);
      if (update.f1 == 0) return;
      double at = now();
      String line = String.format("%d %d %.3f %.3f\n", pid, update.f0, at, at - update.f1);
      file.write(line.getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public void close() throws Exception {
      if (file != null) file.close();
    }
  }

  /** Milliseconds since the epoch. */
  static double now() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1e3 + now.getNano() / 1e6;
  }

  static void build(StreamExecutionEnvironment environment, String log, String backend, long keys) {
    Configuration configuration = new Configuration();
    configuration.set(StateBackendOptions.STATE_BACKEND, backend);
    configuration.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, backend.equals("rocksdb"));
    environment.configure(configuration);
    // Each record leaves the source at once.
    environment.setBufferTimeout(0);
    var updates = new DataGeneratorSource<>(new Updates(keys), Long.MAX_VALUE, Types.TUPLE(Types.LONG, Types.DOUBLE));
    environment
        .fromSource(updates, WatermarkStrategy.noWatermarks(), "updates")
        .uid("updates")
        .keyBy(update -> update.f0)
        .process(new Blob(log))
        .uid("blob")
        .sinkTo(new DiscardingSink<>())
        .uid("sink");
  }
}
