import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.connector.datagen.source.GeneratorFunction;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.connector.file.src.reader.TextLineInputFormat;
import org.apache.flink.core.fs.Path;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;

/** The jobs of bench/jobs/pipelines.mjs, for Flink: FlinkJobs JOB FILE INTERVAL_MS (0 = no checkpoints) [PARALLELISM], or blobs FILE INTERVAL_MS BACKEND KEYS. */
public class FlinkJobs {
  /** Adds up the second field for each first field, and emits every sum. */
  static class Sum extends KeyedProcessFunction<String, Tuple2<String, Long>, Tuple2<String, Long>> {
    private transient ValueState<Long> sum;

    @Override
    public void open(OpenContext context) {
      sum = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", Types.LONG));
    }

    @Override
    public void processElement(Tuple2<String, Long> record, Context context, Collector<Tuple2<String, Long>> out)
        throws Exception {
      Long before = sum.value();
      long after = (before == null ? 0 : before) + record.f1;
      sum.update(after);
      record.f1 = after;
      out.collect(record);
    }
  }

  static class Words implements FlatMapFunction<String, Tuple2<String, Long>> {
    @Override
    public void flatMap(String line, Collector<Tuple2<String, Long>> out) {
      for (String word : line.split(" ")) out.collect(Tuple2.of(word, 1L));
    }
  }

  static class Orders extends RichMapFunction<String, Tuple2<String, Long>> {
    private transient ObjectMapper mapper;

    @Override
    public void open(OpenContext context) {
      mapper = new ObjectMapper();
    }

    @Override
    public Tuple2<String, Long> map(String line) throws Exception {
      JsonNode order = mapper.readTree(line);
      return Tuple2.of(order.get("user").asText(), order.get("amount").asLong());
    }
  }

  public static void main(String[] arguments) throws Exception {
    String job = arguments[0];
    long interval = Long.parseLong(arguments[2]);
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    environment.setParallelism(arguments.length == 4 ? Integer.parseInt(arguments[3]) : 1);
    // As fast as Flink goes: what it hands from one step to the next is not copied, as it is not in Tidemark.
    environment.getConfig().enableObjectReuse();
    if (interval > 0) environment.enableCheckpointing(interval);
    if (job.equals("blobs")) {
      FlinkBlobs.build(environment, arguments[1], arguments[3], Long.parseLong(arguments[4]));
    } else pairsOf(environment, job, arguments[1]).keyBy(pair -> pair.f0).process(new Sum()).sinkTo(new DiscardingSink<>());
    environment.execute(job);
  }

  static DataStream<Tuple2<String, Long>> pairsOf(StreamExecutionEnvironment environment, String job, String file) {
    TypeInformation<Tuple2<String, Long>> type = Types.TUPLE(Types.STRING, Types.LONG);
    if (job.equals("ticks")) {
      GeneratorFunction<Long, Tuple2<String, Long>> tick = n -> Tuple2.of("key-" + n % 1000, 1L);
      var ticks = new DataGeneratorSource<>(tick, Long.MAX_VALUE, RateLimiterStrategy.perSecond(1000), type);
      return environment.fromSource(ticks, WatermarkStrategy.noWatermarks(), "ticks");
    }
    var files = FileSource.forRecordStreamFormat(new TextLineInputFormat(), new Path(file)).build();
    DataStream<String> lines = environment.fromSource(files, WatermarkStrategy.noWatermarks(), "lines");
    return job.equals("word-count") ? lines.flatMap(new Words()).returns(type) : lines.map(new Orders()).returns(type);
  }
}
