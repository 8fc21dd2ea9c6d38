import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ProjectionType;
import software.amazon.awssdk.services.dynamodb.model.ProvisionedThroughput;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.leases.LeaseManagementConfig;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.MetricsLevel;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.RetrievalSpecificConfig;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * Follows a stream with the Kinesis Client Library, once polling and once by enhanced fan-out, until it is killed. Each record's
 * data goes to a file behind the way it came and its shard, a line each; so does the end of each shard.
 *
 * <p>Run as: Follow KINESIS-ENDPOINT DYNAMODB-ENDPOINT STREAM NAME FILE. The ways are NAME-poll and NAME-push.
 */
public final class Follow {
  private static PrintStream out;

  public static void main(String[] args) throws IOException {
    URI kinesisAt = URI.create(args[0]);
    URI dynamoAt = URI.create(args[1]);
    String stream = args[2];
    String name = args[3];
    out = new PrintStream(new FileOutputStream(args[4], true), true, StandardCharsets.UTF_8);
    StaticCredentialsProvider who = StaticCredentialsProvider.create(AwsBasicCredentials.create("AKID", "secret"));
    KinesisAsyncClient kinesis = KinesisClientUtil.createKinesisAsyncClient(
        KinesisAsyncClient.builder().endpointOverride(kinesisAt).region(Region.US_EAST_1).credentialsProvider(who));
    DynamoDbAsyncClient dynamo =
        DynamoDbAsyncClient.builder().endpointOverride(dynamoAt).region(Region.US_EAST_1).credentialsProvider(who).build();
    // Never called: the metrics are off.
    CloudWatchAsyncClient watch = CloudWatchAsyncClient.builder().region(Region.US_EAST_1).credentialsProvider(who).build();
    String poll = name + "-poll";
    String push = name + "-push";
    start(poll, stream, kinesis, dynamo, watch, new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(200));
    start(push, stream, kinesis, dynamo, watch, new FanOutConfig(kinesis).streamName(stream).applicationName(push));
  }

  /** Makes the table of leases as version 3 wants it: a small DynamoDB can't add the index later. */
  private static void makeLeases(DynamoDbAsyncClient dynamo, String application) {
    KeySchemaElement lease = KeySchemaElement.builder().attributeName("leaseKey").keyType(KeyType.HASH).build();
    ProvisionedThroughput some = ProvisionedThroughput.builder().readCapacityUnits(10L).writeCapacityUnits(10L).build();
    dynamo.createTable(t -> t.tableName(application).keySchema(lease).provisionedThroughput(some)
        .attributeDefinitions(
            AttributeDefinition.builder().attributeName("leaseKey").attributeType(ScalarAttributeType.S).build(),
            AttributeDefinition.builder().attributeName("leaseOwner").attributeType(ScalarAttributeType.S).build())
        .globalSecondaryIndexes(i -> i.indexName("LeaseOwnerToLeaseKeyIndex").provisionedThroughput(some)
            .keySchema(
                KeySchemaElement.builder().attributeName("leaseOwner").keyType(KeyType.HASH).build(),
                KeySchemaElement.builder().attributeName("leaseKey").keyType(KeyType.RANGE).build())
            .projection(p -> p.projectionType(ProjectionType.KEYS_ONLY)))).join();
  }

  private static void start(String application, String stream, KinesisAsyncClient kinesis, DynamoDbAsyncClient dynamo,
      CloudWatchAsyncClient watch, RetrievalSpecificConfig retrieval) {
    ConfigsBuilder all = new ConfigsBuilder(
        new SingleStreamTracker(stream, InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON)),
        application, kinesis, dynamo, watch, UUID.randomUUID().toString(), () -> new Printer(application));
    makeLeases(dynamo, application);
    // Long enough for a busy machine: who loses a lease is given records anew.
    LeaseManagementConfig leases = all.leaseManagementConfig().failoverTimeMillis(5000).shardSyncIntervalMillis(2000)
        .billingMode(BillingMode.PROVISIONED); // which small DynamoDBs know
    withoutWorkerMetrics(leases);
    Scheduler scheduler = new Scheduler(
        all.checkpointConfig(),
        all.coordinatorConfig().parentShardPollIntervalMillis(500).shardConsumerDispatchPollIntervalMillis(200)
            .skipShardSyncAtWorkerInitializationIfLeasesExist(false),
        leases,
        all.lifecycleConfig(),
        all.metricsConfig().metricsLevel(MetricsLevel.NONE),
        all.processorConfig(),
        all.retrievalConfig().retrievalSpecificConfig(retrieval));
    new Thread(scheduler, application).start();
  }

  /** Version 3 balances leases by the load of its workers, which it would ask the machine's cloud about; version 2 has no such thing. */
  private static void withoutWorkerMetrics(LeaseManagementConfig leases) {
    try {
      Object config = LeaseManagementConfig.class.getMethod("workerUtilizationAwareAssignmentConfig").invoke(leases);
      config.getClass().getMethod("disableWorkerMetrics", boolean.class).invoke(config, true);
    } catch (NoSuchMethodException version2) {
      // Nothing to switch off.
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Prints what it is given, and checkpoints at once. */
  private static final class Printer implements ShardRecordProcessor {
    private final String application;
    private String shard;

    Printer(String application) {
      this.application = application;
    }

    /** Appends a whole line at once: others write the file too. */
    private void print(String text) {
      byte[] line = (application + " " + shard + " " + text + "\n").getBytes(StandardCharsets.UTF_8);
      out.write(line, 0, line.length);
    }

    @Override
    public void initialize(InitializationInput in) {
      shard = in.shardId();
    }

    @Override
    public void processRecords(ProcessRecordsInput in) {
      List<KinesisClientRecord> records = in.records();
      for (KinesisClientRecord r : records) {
        print(StandardCharsets.UTF_8.decode(r.data()).toString());
      }
      try {
        in.checkpointer().checkpoint();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void leaseLost(LeaseLostInput in) {
      print("LEASE-LOST");
    }

    @Override
    public void shardEnded(ShardEndedInput in) {
      try {
        in.checkpointer().checkpoint();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
      print("END");
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput in) {}
  }
}
