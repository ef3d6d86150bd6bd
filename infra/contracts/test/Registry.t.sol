// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {Authorization} from "../Authorization.sol";
import {IRegistry} from "../IRegistry.sol";
import {Tree} from "./Tree.sol";
import {World} from "./World.sol";

contract RegistryTest is World {
    uint256 private constant ANN = 0xA1;
    uint256 private constant BOB = 0xB0B;
    bytes32 private constant BEES = "bees";

    function _passed() private {
        _propose(ANN, BEES);
        _poll(BEES, true);
        vm.warp(block.timestamp + WINDOW);
    }

    function _snapshot() private {
        vm.prank(OPERATOR);
        registry.anchorSnapshot(BEES, "root", 480);
    }

    function _adapter() private {
        vm.prank(OPERATOR);
        registry.commitAdapter(BEES, "base", "adapter", "root", "evaluation");
    }

    function _release(uint16 number) private {
        vm.prank(OPERATOR);
        registry.release(BEES, number, "adapter", "release");
    }

    function _dispute(uint256 key) private {
        _mint(vm.addr(key), LEAST_BOND);
        bytes32 pollHash = registry.proposal(BEES).pollHash;
        bytes32 nonce = keccak256(abi.encode(registry.DISPUTE(), BEES, pollHash, bytes32("evidence")));
        Authorization memory a = _sign(key, address(registry), LEAST_BOND, nonce);
        registry.disputePoll(BEES, vm.addr(key), "evidence", a);
    }

    function _annHas(uint256 units) private view {
        _equal(token.balanceOf(vm.addr(ANN)), units, "proposer's tokens");
    }

    // Proposals and bonds

    function test_aProposalTakesItsBondByTheProposersSignature() public {
        _propose(ANN, BEES);
        _statusIs(BEES, IRegistry.Status.Proposed);
        _equal(token.balanceOf(address(registry)), BOND, "held");
        Authorization memory again = _sign(ANN, address(registry), BOND, "again");
        _refuses(IRegistry.ProposalExists.selector);
        registry.propose(BEES, "content", vm.addr(ANN), BOND, again);
    }

    function testFuzz_aBondSignatureFitsNoOtherProposal(bytes32 proposalId, bytes32 contentHash) public {
        vm.assume(proposalId != BEES || contentHash != "content");
        _mint(vm.addr(ANN), BOND);
        bytes32 nonce = keccak256(abi.encode(registry.PROPOSE(), BEES, bytes32("content")));
        Authorization memory a = _sign(ANN, address(registry), BOND, nonce);
        _refuses(ERC3009.ERC3009InvalidSignature.selector);
        registry.propose(proposalId, contentHash, vm.addr(ANN), BOND, a);
    }

    function test_aBondBelowTheLeastIsRefused() public {
        Authorization memory a = _sign(ANN, address(registry), LEAST_BOND - 1, 0);
        _refuses(IRegistry.BondTooSmall.selector);
        registry.propose(BEES, "content", vm.addr(ANN), LEAST_BOND - 1, a);
    }

    function testFuzz_theBondReturnsByMilestonesToTheUnit(uint64 bond) public {
        bond = LEAST_BOND + (bond % 1e15);
        _mint(vm.addr(ANN), bond);
        bytes32 nonce = keccak256(abi.encode(registry.PROPOSE(), BEES, bytes32("content")));
        registry.propose(BEES, "content", vm.addr(ANN), bond, _sign(ANN, address(registry), bond, nonce));
        _poll(BEES, true);
        vm.warp(block.timestamp + WINDOW);
        _snapshot();
        _annHas(bond / 3);
        _snapshot(); // a second snapshot earns nothing
        _annHas(bond / 3);
        _adapter();
        _annHas((uint256(bond) * 2) / 3);
        _release(1);
        _annHas(bond);
        _equal(token.balanceOf(address(registry)), 0, "held");
    }

    function test_aLostVoteReturnsTheWholeBond() public {
        _propose(ANN, BEES);
        _poll(BEES, false);
        _refuses(IRegistry.WrongStatus.selector);
        registry.close(BEES);
        vm.warp(block.timestamp + WINDOW);
        registry.close(BEES);
        _annHas(BOND);
        _statusIs(BEES, IRegistry.Status.Rejected);
        _refuses(IRegistry.WrongStatus.selector);
        registry.close(BEES);
    }

    function test_aMissedDeadlineReturnsWhatIsHeld() public {
        _passed();
        _snapshot();
        vm.warp(block.timestamp + TERM);
        _statusIs(BEES, IRegistry.Status.Expired);
        vm.prank(OPERATOR);
        _refuses(IRegistry.WrongStatus.selector);
        registry.anchorSnapshot(BEES, "late", 1);
        registry.close(BEES);
        _annHas(BOND);
    }

    // Order of the record

    function test_nothingIsDeliveredBeforeThePollIsFinal() public {
        _propose(ANN, BEES);
        _poll(BEES, true);
        vm.prank(OPERATOR);
        _refuses(IRegistry.WrongStatus.selector);
        registry.anchorSnapshot(BEES, "root", 480);
    }

    function test_anAdapterNeedsItsSnapshotAndAReleaseItsAdapter() public {
        _passed();
        vm.prank(OPERATOR);
        _refuses(IRegistry.SnapshotUnknown.selector);
        registry.commitAdapter(BEES, "base", "adapter", "root", "evaluation");
        _snapshot();
        vm.prank(OPERATOR);
        _refuses(IRegistry.AdapterUnknown.selector);
        registry.release(BEES, 1, "adapter", "release");
        _adapter();
        vm.prank(OPERATOR);
        _refuses(IRegistry.WrongReleaseNumber.selector);
        registry.release(BEES, 2, "adapter", "release");
        _release(1);
        _release(2);
        _equal(registry.proposal(BEES).releases, 2, "releases");
    }

    function test_onlyTheRegistrarWritesTheRecord() public {
        _passed();
        _refuses(IRegistry.NotRegistrar.selector);
        registry.anchorSnapshot(BEES, "root", 480);
        _refuses(IRegistry.NotRegistrar.selector);
        registry.anchorLedger("root", 1, 2);
        _refuses(IAccessManaged.AccessManagedUnauthorized.selector);
        vm.prank(OPERATOR);
        registry.appointRegistrar(OPERATOR);
    }

    function test_aLedgerRangeRunsForward() public {
        vm.prank(OPERATOR);
        _refuses(IRegistry.RangeBackwards.selector);
        registry.anchorLedger("root", 5, 4);
    }

    // Pledges

    function test_pledgesGoToTheTreasuryAtTheRelease() public {
        _passed();
        _pledge(BOB, BEES, 7e6, "one");
        _snapshot();
        _adapter();
        _release(1);
        _equal(token.balanceOf(TREASURY), 7e6, "treasury");
        Authorization memory a = _sign(BOB, address(registry), 1, 0);
        _refuses(IRegistry.WrongStatus.selector);
        registry.pledge(BEES, vm.addr(BOB), 1, "late", a);
        _refuses(IRegistry.WrongStatus.selector);
        registry.refundPledge(BEES, vm.addr(BOB));
    }

    function test_pledgesReturnOnceWhenTheModelIsNotReleased() public {
        _propose(ANN, BEES);
        _pledge(BOB, BEES, 3e6, "one");
        _pledge(BOB, BEES, 4e6, "two");
        _refuses(IRegistry.WrongStatus.selector);
        registry.refundPledge(BEES, vm.addr(BOB));
        _poll(BEES, false);
        vm.warp(block.timestamp + WINDOW);
        registry.refundPledge(BEES, vm.addr(BOB));
        _equal(token.balanceOf(vm.addr(BOB)), 7e6, "refunded");
        _refuses(IRegistry.NothingPledged.selector);
        registry.refundPledge(BEES, vm.addr(BOB));
    }

    // Polls

    function test_aResultNeedsATallyThatSaysSo() public {
        _propose(ANN, BEES);
        vm.prank(OPERATOR);
        _refuses(IRegistry.TallyContradictsResult.selector);
        registry.recordPoll(BEES, IRegistry.Poll("ballots", 5, 5, "file", true));
    }

    function test_anUpheldDisputeVoidsThePollAndReturnsItsBond() public {
        _propose(ANN, BEES);
        _poll(BEES, true);
        _dispute(BOB);
        vm.warp(block.timestamp + WINDOW);
        _statusIs(BEES, IRegistry.Status.Polled); // no window runs out on an undecided dispute
        vm.prank(ARBITER);
        registry.resolvePoll(BEES, true, "finding");
        _equal(token.balanceOf(vm.addr(BOB)), LEAST_BOND, "returned");
        _statusIs(BEES, IRegistry.Status.Proposed);
        _poll(BEES, true);
    }

    function test_aRejectedDisputeCostsItsBond() public {
        _propose(ANN, BEES);
        _poll(BEES, true);
        _dispute(BOB);
        vm.warp(block.timestamp + WINDOW);
        vm.prank(ARBITER);
        registry.resolvePoll(BEES, false, "finding");
        _equal(token.balanceOf(TREASURY), LEAST_BOND, "treasury");
        _statusIs(BEES, IRegistry.Status.Passed);
    }

    function test_anUndecidedDisputeEndsWithTheDeadlineAndCostsNobody() public {
        _propose(ANN, BEES);
        _poll(BEES, true);
        _dispute(BOB);
        vm.warp(block.timestamp + TERM);
        registry.close(BEES);
        _annHas(BOND);
        _equal(token.balanceOf(vm.addr(BOB)), LEAST_BOND, "disputer");
    }

    function test_aSlashReturnsTheBondOfAnUndecidedDispute() public {
        _propose(ANN, BEES);
        _poll(BEES, true);
        _dispute(BOB);
        vm.prank(ARBITER);
        registry.accuse(BEES, IRegistry.Fault.Spam, "evidence");
        vm.warp(block.timestamp + OBJECTIONS);
        vm.prank(ARBITER);
        registry.slash(BEES);
        _equal(token.balanceOf(vm.addr(BOB)), LEAST_BOND, "disputer");
        _equal(token.balanceOf(TREASURY), BOND, "treasury");
    }

    function test_theRegistrarNeverJudgesItsOwnPoll() public {
        _propose(ANN, BEES);
        _poll(BEES, true);
        _dispute(BOB);
        _refuses(IAccessManaged.AccessManagedUnauthorized.selector);
        registry.resolvePoll(BEES, false, "finding");
        manager.grantRole(1, OPERATOR, 0);
        vm.prank(OPERATOR);
        _refuses(IRegistry.ArbiterIsRegistrar.selector);
        registry.resolvePoll(BEES, false, "finding");
    }

    function test_aBallotLeafIsTheOneOfChainDecode() public view {
        bytes32 golden = 0x5e82d003ad9f11ffb7f501c9cd2a626a257ebc67356fec87c91d676f42cfd786;
        _true(_leaf(IRegistry.Ballot(1, "voter", 1, 10)) == golden, "the same constant stands in chain-decode.test.ts");
    }

    function _leaf(IRegistry.Ballot memory b) private view returns (bytes32) {
        bytes memory words = abi.encode(registry.BALLOT_TAG(), BEES, b.index, b.voter, b.choice, b.weight);
        return keccak256(bytes.concat(keccak256(words)));
    }

    /// @dev A poll over five ballots, with ballots `one` and `other` put in by the caller.
    function _pollWith(IRegistry.Ballot memory one, IRegistry.Ballot memory other)
        private
        returns (IRegistry.Poll memory poll, bytes32[] memory nodes)
    {
        bytes32[] memory leaves = new bytes32[](5);
        for (uint256 i = 0; i < 5; ++i) leaves[i] = _leaf(IRegistry.Ballot(i, bytes32(100 + i), 1, 10));
        leaves[1] = _leaf(one);
        leaves[3] = _leaf(other);
        nodes = Tree.build(leaves);
        poll = IRegistry.Poll(nodes[0], 50, 0, "file", true);
        _propose(ANN, BEES);
        vm.prank(OPERATOR);
        registry.recordPoll(BEES, poll);
    }

    function testFuzz_aVoterCountedTwiceVoidsThePollByProof(bytes32 voter, uint64 weight) public {
        IRegistry.Ballot memory one = IRegistry.Ballot(1, voter, 1, weight);
        IRegistry.Ballot memory other = IRegistry.Ballot(3, voter, 0, 10);
        (IRegistry.Poll memory poll, bytes32[] memory nodes) = _pollWith(one, other);
        _dispute(BOB);
        registry.refutePoll(BEES, poll, one, Tree.proof(nodes, 1), other, Tree.proof(nodes, 3));
        _statusIs(BEES, IRegistry.Status.Proposed);
        _equal(token.balanceOf(vm.addr(BOB)), LEAST_BOND, "the disputer was right");
    }

    function testFuzz_anHonestPollCannotBeRefuted(bytes32 voter, bytes32 neighbour) public {
        vm.assume(voter != neighbour);
        IRegistry.Ballot memory one = IRegistry.Ballot(1, voter, 1, 10);
        IRegistry.Ballot memory other = IRegistry.Ballot(3, neighbour, 0, 10);
        (IRegistry.Poll memory poll, bytes32[] memory nodes) = _pollWith(one, other);
        bytes32[] memory oneProof = Tree.proof(nodes, 1);
        bytes32[] memory otherProof = Tree.proof(nodes, 3);
        _refuses(IRegistry.NotARefutation.selector);
        registry.refutePoll(BEES, poll, one, oneProof, other, otherProof);
        _refuses(IRegistry.NotARefutation.selector); // the same ballot shown twice
        registry.refutePoll(BEES, poll, one, oneProof, one, oneProof);
        other.voter = voter; // a ballot that is not in the tree
        _refuses(IRegistry.NotInTree.selector);
        registry.refutePoll(BEES, poll, one, oneProof, other, otherProof);
        poll.yes += 1;
        _refuses(IRegistry.WrongPoll.selector);
        registry.refutePoll(BEES, poll, one, oneProof, one, oneProof);
    }

    // Slashing

    function test_aSlashWaitsForObjectionsAndTakesWhatIsHeld() public {
        _passed();
        _snapshot();
        vm.prank(ARBITER);
        registry.accuse(BEES, IRegistry.Fault.FalsifiedDeliverable, "evidence");
        _adapter(); // delivered under accusation: nothing returns meanwhile
        _annHas(BOND / 3);
        vm.prank(OPERATOR);
        _refuses(IRegistry.AlreadyAccused.selector);
        registry.release(BEES, 1, "adapter", "release");
        vm.prank(ARBITER);
        _refuses(IRegistry.ObjectionsOpen.selector);
        registry.slash(BEES);
        vm.warp(block.timestamp + OBJECTIONS);
        vm.prank(ARBITER);
        registry.slash(BEES);
        _equal(token.balanceOf(TREASURY), BOND - BOND / 3, "slashed");
        _statusIs(BEES, IRegistry.Status.Slashed);
    }

    function test_aDroppedAccusationPaysWhatWasEarned() public {
        _passed();
        vm.prank(ARBITER);
        registry.accuse(BEES, IRegistry.Fault.Spam, "evidence");
        _snapshot();
        _adapter();
        _snapshot(); // a later snapshot takes no milestone back
        _annHas(0);
        vm.prank(GUARDIAN);
        registry.dropAccusation(BEES, "finding");
        _annHas((uint256(BOND) * 2) / 3);
        vm.prank(ARBITER);
        _refuses(IRegistry.NotAccused.selector);
        registry.slash(BEES);
    }

    function test_onlyAnArbiterSlashes() public {
        _propose(ANN, BEES);
        _refuses(IAccessManaged.AccessManagedUnauthorized.selector);
        registry.accuse(BEES, IRegistry.Fault.Spam, "evidence");
        vm.prank(ARBITER);
        registry.accuse(BEES, IRegistry.Fault.Spam, "evidence");
        vm.warp(block.timestamp + OBJECTIONS);
        vm.prank(GUARDIAN);
        _refuses(IAccessManaged.AccessManagedUnauthorized.selector);
        registry.slash(BEES);
    }
}
