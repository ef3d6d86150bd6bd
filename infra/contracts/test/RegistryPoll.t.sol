// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IRegistry} from "../IRegistry.sol";
import {Tree} from "./Tree.sol";
import {World} from "./World.sol";

contract RegistryPollTest is World {
    uint256 private constant ANN = 0xA1;
    uint256 private constant BOB = 0xB0B;
    bytes32 private constant BEES = "bees";

    function _annHas(uint256 units) private view {
        _equal(token.balanceOf(vm.addr(ANN)), units, "proposer's tokens");
    }

    function test_aResultNeedsATallyThatSaysSo() public {
        _propose(ANN, BEES);
        vm.prank(OPERATOR);
        _refuses(IRegistry.TallyContradictsResult.selector);
        registry.recordPoll(BEES, IRegistry.Poll("ballots", 5, 5, "file", true));
    }

    function test_anUpheldDisputeVoidsThePollAndReturnsItsBond() public {
        _propose(ANN, BEES);
        _poll(BEES, true);
        _dispute(BOB, BEES);
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
        _dispute(BOB, BEES);
        vm.warp(block.timestamp + WINDOW);
        vm.prank(ARBITER);
        registry.resolvePoll(BEES, false, "finding");
        _equal(token.balanceOf(TREASURY), LEAST_BOND, "treasury");
        _statusIs(BEES, IRegistry.Status.Passed);
    }

    function test_anUndecidedDisputeEndsWithTheDeadlineAndCostsNobody() public {
        _propose(ANN, BEES);
        _poll(BEES, true);
        _dispute(BOB, BEES);
        vm.warp(block.timestamp + TERM);
        registry.close(BEES);
        _annHas(BOND);
        _equal(token.balanceOf(vm.addr(BOB)), LEAST_BOND, "disputer");
    }

    function test_aSlashReturnsTheBondOfAnUndecidedDispute() public {
        _propose(ANN, BEES);
        _poll(BEES, true);
        _dispute(BOB, BEES);
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
        _dispute(BOB, BEES);
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
        _dispute(BOB, BEES);
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
}
