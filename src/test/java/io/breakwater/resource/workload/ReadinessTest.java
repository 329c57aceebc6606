package io.breakwater.resource.workload;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.resource.FakeApiServer;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Readiness of objects by kind, and the causes of their pods. */
class ReadinessTest {
    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        apps/v1 Deployment | 'metadata':{'generation':2},'spec':{'replicas':2},'status':{'observedGeneration':1,'availableReplicas':2,'updatedReplicas':2} | its controller has not processed it yet
        apps/v1 Deployment | 'metadata':{'generation':2},'spec':{'replicas':2},'status':{'observedGeneration':2,'availableReplicas':1,'updatedReplicas':2} | 1 of 2 ready
        apps/v1 Deployment | 'metadata':{'generation':2},'spec':{'replicas':2},'status':{'observedGeneration':2,'availableReplicas':2,'updatedReplicas':1} | 1 of 2 updated
        apps/v1 Deployment | 'metadata':{'generation':2},'spec':{'replicas':2},'status':{'observedGeneration':2,'availableReplicas':2,'updatedReplicas':2} | ``
        apps/v1 Deployment | 'metadata':{'generation':2},'spec':{'replicas':2,'paused':true},'status':{'observedGeneration':2,'availableReplicas':2,'updatedReplicas':0} | ``
        apps/v1 Deployment | 'metadata':{'generation':1},'spec':{},'status':{'observedGeneration':1} | 0 of 1 ready
        apps/v1 Deployment | 'metadata':{'generation':1},'spec':{'replicas':0},'status':{'observedGeneration':1} | ``
        apps/v1 Deployment | 'metadata':{'deletionTimestamp':'t'},'spec':{'replicas':0} | it is being deleted
        apps/v1 StatefulSet | 'metadata':{'generation':1},'spec':{},'status':{'observedGeneration':1,'readyReplicas':1,'availableReplicas':0,'updatedReplicas':1} | 0 of 1 ready
        apps/v1 StatefulSet | 'metadata':{'generation':1},'spec':{},'status':{'observedGeneration':1,'readyReplicas':1,'updatedReplicas':1} | ``
        apps/v1 StatefulSet | 'metadata':{'generation':1},'spec':{'replicas':3},'status':{'observedGeneration':1,'readyReplicas':3,'updatedReplicas':1,'currentRevision':'a','updateRevision':'b'} | 1 of 3 updated
        apps/v1 StatefulSet | 'metadata':{'generation':1},'spec':{'replicas':3,'updateStrategy':{'type':'OnDelete'}},'status':{'observedGeneration':1,'readyReplicas':3,'updatedReplicas':1,'currentRevision':'a','updateRevision':'b'} | ``
        apps/v1 StatefulSet | 'metadata':{'generation':1},'spec':{'replicas':3,'updateStrategy':{'rollingUpdate':{'partition':2}}},'status':{'observedGeneration':1,'readyReplicas':3,'updatedReplicas':1,'currentRevision':'a','updateRevision':'b'} | ``
        apps/v1 StatefulSet | 'metadata':{'generation':1},'spec':{'replicas':3},'status':{'observedGeneration':1,'readyReplicas':3,'updatedReplicas':0,'currentRevision':'a','updateRevision':'a'} | ``
        apps/v1 DaemonSet | 'metadata':{'generation':1},'status':{'observedGeneration':1,'desiredNumberScheduled':2,'numberAvailable':1,'updatedNumberScheduled':2} | 1 of 2 ready
        apps/v1 DaemonSet | 'metadata':{'generation':1},'status':{'observedGeneration':1,'desiredNumberScheduled':2,'numberAvailable':2,'updatedNumberScheduled':2} | ``
        apps/v1 ReplicaSet | 'metadata':{'generation':1},'spec':{'replicas':2},'status':{'observedGeneration':1} | 0 of 2 ready
        batch/v1 Job | 'spec':{'completions':3},'status':{'succeeded':1} | 1 of 3 completed
        batch/v1 Job | 'spec':{'suspend':true} | it is suspended
        batch/v1 Job | 'status':{'conditions':[{'type':'Complete','status':'True'}]} | ``
        batch/v1 Job | 'status':{'conditions':[{'type':'Failed','status':'True','reason':'BackoffLimitExceeded','message':'too often'}]} | it failed: BackoffLimitExceeded: too often
        v1 Pod | 'status':{'phase':'Running','conditions':[{'type':'Ready','status':'False'}]} | it is Running
        v1 Pod | 'status':{'phase':'Running','conditions':[{'type':'Ready','status':'True'}]} | ``
        v1 Pod | 'status':{'phase':'Failed'} | it is Failed
        v1 Pod | 'status':{'phase':'Succeeded'} | ``
        v1 PersistentVolumeClaim | 'status':{'phase':'Pending'} | it is Pending, not Bound
        v1 ConfigMap | 'data':{} | ``
        acme.io/v1 Widget | 'status':{'conditions':[{'type':'Ready','status':'False','reason':'Wait','message':'a moment'}]} | its condition Ready is False: Wait: a moment
        acme.io/v1 Widget | 'status':{'conditions':[{'type':'Ready','status':'Unknown'},{'type':'Available','status':'True'}]} | its condition Ready is Unknown
        acme.io/v1 Widget | 'status':{'conditions':[{'type':'Available','status':'True'}]} | ``
        acme.io/v1 Widget | 'metadata':{'generation':4},'status':{'observedGeneration':3,'conditions':[{'type':'Ready','status':'True'}]} | its controller has not processed it yet
        acme.io/v1 Widget | 'spec':{} | ``
        """)
    void evaluatesReadinessByKind(String type, String rest, String waits) {
        Readiness found = Readiness.of(object(type, rest), false);
        assertThat(found.message()).isEqualTo(waits);
        assertThat(found.isUp()).isEqualTo(waits.isEmpty());
    }

    @Test
    void reportsOnlyPermanentFailures() {
        ObjectNode job = object("batch/v1 Job", "'status':{'conditions':[{'type':'Failed','status':'True'}]}");
        assertThat(Readiness.of(job, false).state()).isEqualTo(Readiness.State.FAILED);
        ObjectNode deployment = object("apps/v1 Deployment", "'spec':{}");
        assertThat(Readiness.of(deployment, false).state()).isEqualTo(Readiness.State.WAITING);
    }

    @Test
    void waitsForConditionsThatTheCapturedObjectHad() {
        ObjectNode captured =
                object("acme.io/v1 Widget", "'status':{'conditions':[{'type':'Available','status':'False'}]}");
        ObjectNode fresh = object("acme.io/v1 Widget", "'spec':{}");
        assertThat(Readiness.of(fresh, Readiness.reports(captured)).isUp()).isFalse();
        assertThat(Readiness.of(fresh, Readiness.reports(fresh)).isUp()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        'conditions':[{'type':'PodScheduled','status':'False','reason':'Unschedulable','message':'0/1 nodes are available'}] | FailedScheduling: 0/1 nodes are available
        'conditions':[{'type':'PodScheduled','status':'False','reason':'SchedulingGated','message':'held'}] | SchedulingGated: held
        'phase':'Pending','containerStatuses':[{'name':'c','state':{'waiting':{'reason':'ContainerCreating'}}}] | it is Pending
        'phase':'Pending','containerStatuses':[{'name':'c','state':{'waiting':{'reason':'ImagePullBackOff','message':'no such image'}}}] | container c: ImagePullBackOff: no such image
        'containerStatuses':[{'name':'c','state':{'waiting':{'reason':'CrashLoopBackOff','message':'back-off 10s'}},'lastState':{'terminated':{'exitCode':3}}}] | container c: CrashLoopBackOff: back-off 10s; it ended with exit code 3
        'containerStatuses':[{'name':'a','ready':true,'state':{'running':{}}},{'name':'c','state':{'running':{}}}] | container c runs but is not ready
        'initContainerStatuses':[{'name':'i','state':{'terminated':{'exitCode':1}}}],'containerStatuses':[{'name':'c','state':{'waiting':{'reason':'PodInitializing'}}}] | container i ended with exit code 1
        """)
    void reportsWhyAPodIsNotReady(String status, String why) {
        ObjectNode pod = object("v1 Pod", "'status':{" + status + "}");
        assertThat(PodDiagnosis.of(pod, Set.of("ContainerCreating", "PodInitializing")))
                .contains(why);
    }

    private static ObjectNode object(String type, String rest) {
        String[] parts = type.split(" ");
        return FakeApiServer.tree("{'apiVersion':'" + parts[0] + "','kind':'" + parts[1] + "'," + rest + "}");
    }
}
