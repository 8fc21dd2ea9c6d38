import com.google.common.util.concurrent.ListenableFuture;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * Puts records into a stream with the Kinesis Producer Library, aggregated, and prints the data of each, a line each.
 *
 * <p>Run as: Produce PORT STREAM COUNT, the port of a server on this machine that speaks TLS.
 */
public final class Produce {
  private static final String HOST = "127.0.0.1";

  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    // The metrics are off, so CloudWatch is never called; STS answers on the same port.
    KinesisProducer producer = new KinesisProducer(new KinesisProducerConfiguration()
        .setKinesisEndpoint(HOST).setKinesisPort(port).setStsEndpoint(HOST).setStsPort(port)
        .setCloudwatchEndpoint(HOST).setCloudwatchPort(port).setMetricsLevel("none")
        .setVerifyCertificate(false).setRegion("us-east-1")
        .setCredentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("AKID", "secret"))));
    List<ListenableFuture<UserRecordResult>> put = new ArrayList<>();
    for (int i = 0; i < Integer.parseInt(args[2]); i++) {
      String data = "aggregated " + i;
      put.add(producer.addUserRecord(args[1], "k" + i, ByteBuffer.wrap(data.getBytes(StandardCharsets.UTF_8))));
      System.out.println(data);
      if (i == 0) {
        // The library aggregates once it knows the shards, which it asks for with the first record.
        producer.flushSync();
      }
    }
    producer.flushSync();
    for (ListenableFuture<UserRecordResult> result : put) {
      if (!result.get().isSuccessful()) {
        throw new IllegalStateException("a record was not put");
      }
    }
    producer.destroy();
  }
}
